"""Norms of groups of channels, whose statistics are those of the values themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from neurodeploy.data.network.shapes import read_shape
from neurodeploy.data.structure import Edge, Shape, require
from neurodeploy.graph.floats import Floats, check_finite
from neurodeploy.graph.kinds.node import Details, Node


@dataclass(frozen=True, eq=False)
class GroupNorm(Node):
    """Groups of channels with a mean of 0 and a variance of 1, times `scale`, plus `offset`."""

    source: Edge
    scale: Floats
    offset: Floats
    groups: int = 1
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        check_finite(self, "scale", "offset")
        fits = self.scale.ndim == 1 and self.scale.shape == self.offset.shape
        shapes = f"{self.scale.shape} and {self.offset.shape}"
        require(fits, f"{self.name}: scale and offset of shapes {shapes} are not one per channel")
        divides = self.groups >= 1 and self.scale.size % self.groups == 0
        words = f"{self.name}.groups: {self.groups} does not divide {self.scale.size} channels"
        require(divides, words)
        positive = isfinite(self.epsilon) and self.epsilon > 0
        require(positive, f"{self.name}.epsilon: {self.epsilon} is not a positive number")

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of the source."""
        shape, channels = read_shape(self, inputs), self.scale.size
        words = f"{self.name}: takes {channels} channels, is given {shape}"
        require(shape[0] == channels, words)
        return shape

    @property
    def details(self) -> Details:
        """The number of groups."""
        return self.fields("groups", "epsilon")
