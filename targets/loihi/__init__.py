"""Loihi: programs to the .net file that Lava loads, and back."""

from targets.loihi.target import Loihi as Loihi
from targets.loihi.target import target as target

__all__ = ["Loihi", "target"]
