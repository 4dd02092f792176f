"""An image as a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from neurodeploy.data.network.shapes import read_shape
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.graph.kinds.node import Details, Node


@dataclass(frozen=True, eq=False)
class Flatten(Node):
    """All axes after time and batch as one, in C order."""

    source: Edge

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return one axis of as many values."""
        return (prod(read_shape(self, inputs)),)

    @property
    def details(self) -> Details:
        """Nothing beside the shape."""
        return ()
