"""Data to train on."""

from snncore.data.digits import Images as Images
from snncore.data.digits import digits as digits

__all__ = ["Images", "digits"]
