"""An image as a vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from neurodeploy.data.network.shapes import read_shape
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.program.kinds.node import Selection
from neurodeploy.program.spelling import edge_sum
from snncore.dynamics import Equations


@dataclass(frozen=True, eq=False)
class Flatten(Selection):
    """All axes after time and batch as one, in C order."""

    source: Edge

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return one axis of as many values."""
        return (prod(read_shape(self, inputs)),)

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return `flatten(source)`."""
        return f"flatten({edge_sum(self.sources)})"
