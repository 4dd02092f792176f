"""Sums of several values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurodeploy.data.network.shapes import read_shape
from neurodeploy.data.structure import Edge, Shape, require
from neurodeploy.graph.kinds.node import Details, Node


@dataclass(frozen=True, eq=False)
class Add(Node):
    """The sum of its terms."""

    terms: tuple[Edge, ...]

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return self.terms

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape that all terms have."""
        shape, unlike = read_shape(self, inputs), sorted(set(inputs))
        require(len(unlike) == 1, f"{self.name}: adds values of unlike shapes {unlike}")
        return shape

    @property
    def details(self) -> Details:
        """Nothing beside the shape."""
        return ()
