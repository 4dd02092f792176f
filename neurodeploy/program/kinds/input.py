"""The samples that enter a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from neurodeploy.data.codec import UNWRITTEN
from neurodeploy.data.network.encoding import Encoding
from neurodeploy.data.structure import Shape, checked_shape, require
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
    # The encoder of the user's samples; without one, samples are integers as they come.
    encoding: Encoding | None = field(default=None, metadata=UNWRITTEN)

    def __post_init__(self) -> None:
        object.__setattr__(self, "signal", Signal(self.signal))
        object.__setattr__(self, "shape", checked_shape(self, self.shape))
        fits = self.encoding is None or self.signal == Signal.CURRENT
        require(fits, f"{self.name}: spikes have no encoding")

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of a sample."""
        return self.shape

    def value_range(self, reads: Reads) -> Interval:
        """Return the range of the samples, or of all samples that the input accepts."""
        if reads.inputs is not None:
            return reads.inputs
        if self.encoding is not None:
            return Interval(self.encoding.low, self.encoding.high)
        return BINARY if self.signal == Signal.SPIKES else _ANY_CURRENT

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return `input(spikes)` or `input(current)`, with the encoding if there is one."""
        encoding = "" if self.encoding is None else f", {self.encoding}"
        return f"input({self.signal.value}{encoding})"
