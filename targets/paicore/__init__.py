"""PAICORE, Peking University's chip of 1,008 cores: how networks lie on a grid of chips."""

from targets.paicore.boards import Paicore as Paicore
from targets.paicore.boards import chips as chips

__all__ = ["Paicore", "chips"]
