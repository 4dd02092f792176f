"""Arithmetic: nodes that compute with the values of several sources, without numbers of their own.

Their fields, checks and shapes stand here once for graphs and programs. `computed` says what a
kind means on arrays (N, ...); `spelled` says the same in a few words, which every language has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Protocol, TypeVar

from numpy.typing import NDArray

from neurodeploy.data.network.selections import Words as MovingWords
from neurodeploy.data.structure import Edge, Node, Shape, require

Array = NDArray[Any]
Value = TypeVar("Value")


class ArithmeticWords(MovingWords[Value], Protocol[Value]):
    """The words of a language that moves, adds and multiplies values."""

    def add(self, x: Value, y: Value) -> Value:
        """Return the sum of each pair."""

    def multiply(self, x: Value, y: Value) -> Value:
        """Return the product of each pair; an axis of length one is repeated."""

    def complement(self, x: Value) -> Value:
        """Return one minus each value."""

    def matmul(self, x: Value, y: Value, terms: int) -> Value:
        """Return the matrix products over the last two axes, whose sums have so many terms."""


class Arithmetic(Node):
    """The base of sums and products of graphs and programs."""

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
        """Return the number of values that are added up to each value of this shape."""
        raise self.undefined("terms")

    def computed(self, *values: Array) -> Array:
        """Return the node's value (N, ...), given those of its sources."""
        raise self.undefined("computed")

    def spelled(
        self, words: ArithmeticWords[Value], values: Sequence[Value], shape: Shape
    ) -> Value:
        """Return the node's value in a language; `shape` is its shape."""
        raise self.undefined("spelled")

    def require_sources(self, inputs: Sequence[Shape], count: int, verb: str) -> None:
        """Check that the node reads so many values, which are there when it is computed.

        Raises:
            ValidationError: otherwise; names the node.
        """
        words = f"{self.name}: {verb} {len(self.inputs)} values, not {count}"
        require(len(self.inputs) == count, words)
        words = f"{self.name}: {verb} a value that comes later"
        require(len(inputs) == count, words, remedy="read values of the same step")
