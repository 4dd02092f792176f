"""Sum pools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from neurodeploy.data.network.shapes import read_shape, window_shape
from neurodeploy.data.structure import (
    Edge,
    Pair,
    Shape,
    check_exponent,
    check_pairs,
    require,
)
from neurodeploy.graph.kinds.node import Details, Node


@dataclass(frozen=True, eq=False)
class SumPool2d(Node):
    """`weight` times the sum over windows."""

    source: Edge
    kernel: Pair
    stride: Pair
    weight: float = 1.0
    exponent: int | None = None
    accumulator_bits: int | None = None

    def __post_init__(self) -> None:
        check_pairs(self, kernel=1, stride=1)
        require(isfinite(self.weight), f"{self.name}.weight: is NaN or infinite")
        if self.exponent is not None:
            check_exponent(self, self.exponent)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of an image of one value a window."""
        return window_shape(self, read_shape(self, inputs), self.kernel, self.stride)

    @property
    def details(self) -> Details:
        """The windows and their weight."""
        return (*self.fields("kernel", "stride", "exponent"), ("weight", f"{self.weight:g}"))
