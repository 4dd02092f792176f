"""Products: of the values of several nodes, element by element or as attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from neurodeploy.data.network.arithmetic import Arithmetic, ArithmeticWords, Array, Value
from neurodeploy.data.structure import Edge, Shape, require


@dataclass(frozen=True, eq=False)
class Multiply(Arithmetic):
    """The first value times the second, or times one minus the second, element by element.

    An axis of length one is repeated.
    """

    inputs: tuple[Edge, ...]
    complement: bool = False

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of both, as long on each axis as the longer one."""
        self.require_sources(inputs, 2, "multiplies")
        first, second = inputs
        pairs = list(zip(first, second, strict=False))
        fits = len(first) == len(second) and all(a == b or 1 in (a, b) for a, b in pairs)
        words = f"{self.name}: multiplies values of unlike shapes {first} and {second}"
        require(fits, words, remedy="give them equal lengths, or 1, along every axis")
        return tuple(max(pair) for pair in pairs)

    def terms(self, shape: Shape) -> int:
        """Return one: nothing is added."""
        return 1

    def computed(self, *values: Array) -> Array:
        """Return the products."""
        first, second = values
        product: Array = first * (1 - second if self.complement else second)
        return product

    def spelled(
        self, words: ArithmeticWords[Value], values: Sequence[Value], shape: Shape
    ) -> Value:
        """Return the products."""
        first, second = values
        return words.multiply(first, words.complement(second) if self.complement else second)


@dataclass(frozen=True, eq=False)
class Attention(Arithmetic):
    """Queries, keys and values (C, ...) to values summed by how often keys meet a query.

    The channels are cut into heads. For each head, with a row a channel and a column a token, the
    result is (values @ keys^T) @ queries.
    """

    inputs: tuple[Edge, ...]
    heads: int = 1

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape that all three have."""
        self.require_sources(inputs, 3, "multiplies")
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

    def computed(self, *values: Array) -> Array:
        """Return the attended values."""
        shape = values[0].shape
        rows = (len(values[0]), self.heads, shape[1] // self.heads, prod(shape[2:]))
        query, key, value = (each.reshape(rows) for each in values)
        met = np.einsum("nhet,nhdt->nhed", value, key)
        attended: Array = np.einsum("nhed,nhdt->nhet", met, query).reshape(shape)
        return attended

    def spelled(
        self, words: ArithmeticWords[Value], values: Sequence[Value], shape: Shape
    ) -> Value:
        """Return the attended values."""
        width, tokens = shape[0] // self.heads, prod(shape[1:])
        rows = (self.heads, width, tokens)
        query, key, value = (words.reshape(each, rows) for each in values)
        met = words.matmul(value, words.permute(key, (0, 2, 1)), tokens)
        return words.reshape(words.matmul(met, query, width), shape)
