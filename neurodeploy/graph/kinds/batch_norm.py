"""Batch norms in evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurodeploy.data.network.shapes import read_shape
from neurodeploy.data.structure import Edge, Shape, require
from neurodeploy.graph.floats import Floats, check_finite
from neurodeploy.graph.kinds.node import Details, Node


@dataclass(frozen=True, eq=False)
class BatchNorm(Node):
    """Every channel times its `scale`, plus its `offset`: a batch norm in evaluation."""

    source: Edge
    scale: Floats
    offset: Floats

    def __post_init__(self) -> None:
        check_finite(self, "scale", "offset")
        fits = self.scale.ndim == 1 and self.scale.shape == self.offset.shape
        shapes = f"{self.scale.shape} and {self.offset.shape}"
        require(fits, f"{self.name}: scale and offset of shapes {shapes} are not one per channel")

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of the source."""
        shape, channels = read_shape(self, inputs), self.scale.size
        words = f"{self.name}: takes {channels} channels, is given {shape}"
        require(shape[0] == channels, words)
        return shape

    @property
    def details(self) -> Details:
        """Nothing beside the shape."""
        return ()
