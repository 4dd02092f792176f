"""Products: nodes that multiply the values of several sources, element by element or as attention.

Their fields, checks and shapes stand here once for graphs and programs. `multiplied` says what a
kind means on arrays (N, ...); `spelled` says the same in a few words, which every language has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import prod
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.selections import Words as MovingWords
from neurodeploy.data.structure import Edge, Node, Shape, require

Array = NDArray[Any]
Value = TypeVar("Value")


class ProductWords(MovingWords[Value], Protocol[Value]):
    """The words of a language that moves and multiplies values."""

    def multiply(self, x: Value, y: Value) -> Value:
        """Return the product of each pair; an axis of length one is repeated."""

    def complement(self, x: Value) -> Value:
        """Return one minus each value."""

    def matmul(self, x: Value, y: Value, terms: int) -> Value:
        """Return the matrix products over the last two axes, whose sums have so many terms."""


class Product(Node):
    """The base of products of graphs and programs."""

    inputs: tuple[Edge, ...]

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return self.inputs

    @property
    def form(self) -> tuple[tuple[str, object], ...]:
        """The names and values of the fields beside name and sources."""
        names = [each.name for each in fields(self) if each.name not in ("name", "inputs")]
        return tuple((name, getattr(self, name)) for name in names)

    def terms(self, shape: Shape) -> int:
        """Return the number of products that each value of this shape adds up."""
        raise self.undefined("terms")

    def multiplied(self, *values: Array) -> Array:
        """Return the node's value (N, ...), given those of its sources."""
        raise self.undefined("multiplied")

    def spelled(self, words: ProductWords[Value], values: Sequence[Value], shape: Shape) -> Value:
        """Return the node's value in a language; `shape` is its shape."""
        raise self.undefined("spelled")

    def _require_sources(self, inputs: Sequence[Shape], count: int) -> None:
        words = f"{self.name}: multiplies {len(self.inputs)} values, not {count}"
        require(len(self.inputs) == count, words)
        words = f"{self.name}: multiplies a value that comes later"
        require(len(inputs) == count, words, remedy="multiply values of the same step")


@dataclass(frozen=True, eq=False)
class Multiply(Product):
    """The first value times the second, or times one minus the second, element by element.

    An axis of length one is repeated.
    """

    inputs: tuple[Edge, ...]
    complement: bool = False

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of both, as long on each axis as the longer one."""
        self._require_sources(inputs, 2)
        first, second = inputs
        pairs = list(zip(first, second, strict=False))
        fits = len(first) == len(second) and all(a == b or 1 in (a, b) for a, b in pairs)
        words = f"{self.name}: multiplies values of unlike shapes {first} and {second}"
        require(fits, words, remedy="give them equal lengths, or 1, along every axis")
        return tuple(max(pair) for pair in pairs)

    def terms(self, shape: Shape) -> int:
        """Return one: nothing is added."""
        return 1

    def multiplied(self, *values: Array) -> Array:
        """Return the products."""
        first, second = values
        product: Array = first * (1 - second if self.complement else second)
        return product

    def spelled(self, words: ProductWords[Value], values: Sequence[Value], shape: Shape) -> Value:
        """Return the products."""
        first, second = values
        return words.multiply(first, words.complement(second) if self.complement else second)


@dataclass(frozen=True, eq=False)
class Attention(Product):
    """Queries, keys and values (C, ...) to values summed by how often keys meet a query.

    The channels are cut into heads. For each head, with a row a channel and a column a token, the
    result is (values @ keys^T) @ queries.
    """

    inputs: tuple[Edge, ...]
    heads: int = 1

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape that all three have."""
        self._require_sources(inputs, 3)
        unlike = sorted(set(inputs))
        words = f"{self.name}: queries, keys and values have unlike shapes {unlike}"
        require(len(unlike) == 1, words, remedy="give the three equal shapes")
        (shape,) = unlike
        words = f"{self.name}: takes channels and tokens (C, ...) and is given {shape}"
        require(len(shape) > 1, words, remedy="leave out the Flatten before it")
        fits = self.heads > 0 and shape[0] % self.heads == 0
        words = f"{self.name}: {self.heads} heads do not divide {shape[0]} channels"
        require(fits, words, remedy="choose a number of heads that divides them")
        return shape

    def terms(self, shape: Shape) -> int:
        """Return the number of channels of a head times that of tokens."""
        return prod(shape) // self.heads

    def multiplied(self, *values: Array) -> Array:
        """Return the attended values."""
        shape = values[0].shape
        rows = (len(values[0]), self.heads, shape[1] // self.heads, prod(shape[2:]))
        query, key, value = (each.reshape(rows) for each in values)
        met = np.einsum("nhet,nhdt->nhed", value, key)
        attended: Array = np.einsum("nhed,nhdt->nhet", met, query).reshape(shape)
        return attended

    def spelled(self, words: ProductWords[Value], values: Sequence[Value], shape: Shape) -> Value:
        """Return the attended values."""
        width, tokens = shape[0] // self.heads, prod(shape[1:])
        rows = (self.heads, width, tokens)
        query, key, value = (words.reshape(each, rows) for each in values)
        met = words.matmul(value, words.permute(key, (0, 2, 1)), tokens)
        return words.reshape(words.matmul(met, query, width), shape)
