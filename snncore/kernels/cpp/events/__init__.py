"""Weighted sums of few spikes on the processor: only inputs that are not zero cost time."""

from snncore.kernels.cpp.events.choice import MOST_ROWS as MOST_ROWS
from snncore.kernels.cpp.events.choice import Choice as Choice
from snncore.kernels.cpp.events.choice import chosen as chosen
from snncore.kernels.cpp.events.run import Geometry as Geometry
from snncore.kernels.cpp.events.run import are_few as are_few
from snncore.kernels.cpp.events.run import conv_gradient as conv_gradient
from snncore.kernels.cpp.events.run import conv_sums as conv_sums
from snncore.kernels.cpp.events.run import is_available as is_available
from snncore.kernels.cpp.events.run import linear_gradient as linear_gradient
from snncore.kernels.cpp.events.run import linear_sums as linear_sums

__all__ = [
    "MOST_ROWS",
    "Choice",
    "Geometry",
    "are_few",
    "chosen",
    "conv_gradient",
    "conv_sums",
    "is_available",
    "linear_gradient",
    "linear_sums",
]
