"""The samples that enter a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from neurodeploy.data.structure import Shape, checked_shape
from neurodeploy.program.kinds.node import BINARY, Node, Reads
from snncore.dynamics import Equations
from snncore.dynamics.arithmetic.interval import Interval

_ANY_CURRENT = Interval(1 - (1 << 24), (1 << 24) - 1)


class Signal(StrEnum):
    """The kind of an input's values: events of 0 or 1, or an integer current every step."""

    SPIKES = "spikes"
    CURRENT = "current"


@dataclass(frozen=True, eq=False)
class Input(Node):
    """The samples, one row a step."""

    shape: Shape
    signal: Signal = Signal.SPIKES

    def __post_init__(self) -> None:
        object.__setattr__(self, "signal", Signal(self.signal))
        object.__setattr__(self, "shape", checked_shape(self, self.shape))

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of a sample."""
        return self.shape

    def value_range(self, reads: Reads) -> Interval:
        """Return the range of the samples, or of all samples that the input accepts."""
        if reads.inputs is not None:
            return reads.inputs
        return BINARY if self.signal == Signal.SPIKES else _ANY_CURRENT

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return `input(spikes)` or `input(current)`."""
        return f"input({self.signal.value})"
