"""Sums and products of several values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from neurodeploy.data.network import arithmetic, products
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


class Product(arithmetic.Arithmetic, Node):
    """A node whose values are products of its sources'."""

    @property
    def details(self) -> Details:
        """The fields beside the sources."""
        return self.form


@dataclass(frozen=True, eq=False)
class Multiply(products.Multiply, Product):
    """The first value times the second, or times one minus the second, element by element."""


@dataclass(frozen=True, eq=False)
class Attention(products.Attention, Product):
    """Queries, keys and values to `scale` times the values that attention sums."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        require(isfinite(self.scale), f"{self.name}.scale: is NaN or infinite")


PRODUCTS: tuple[type[Product], ...] = (Multiply, Attention)
