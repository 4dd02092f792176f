"""Products in a program: integers of several nodes, multiplied and perhaps added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from operator import mul

from neurodeploy.data.network import products
from neurodeploy.data.structure import Shape
from neurodeploy.program.kinds.arithmetic import Arithmetic
from snncore.dynamics.arithmetic.interval import Interval


class Product(Arithmetic):
    """A node whose values are products of its sources'."""

    def total(self, sources: Sequence[Interval], shape: Shape) -> Interval:
        """Return the range of a product, as often as a value adds it up."""
        terms = self.terms(shape)
        return reduce(mul, self.factors(sources)) * Interval(terms, terms)

    def largest_sum(self, sources: Sequence[Interval], shape: Shape) -> int:
        """Return the largest magnitude of a factor, a product or a sum of them."""
        factors = [each.largest() for each in self.factors(sources)]
        return max(*factors, self.total(sources, shape).largest())

    def factors(self, sources: Sequence[Interval]) -> Sequence[Interval]:
        """Return the ranges of what is multiplied, given those of the sources."""
        return sources


@dataclass(frozen=True, eq=False)
class Multiply(products.Multiply, Product):
    """The first value times the second, or times one minus the second, element by element."""

    def factors(self, sources: Sequence[Interval]) -> Sequence[Interval]:
        """Return the ranges of what is multiplied, given those of the sources."""
        first, second = sources
        return first, Interval(1, 1) - second if self.complement else second


@dataclass(frozen=True, eq=False)
class Attention(products.Attention, Product):
    """Queries, keys and values to values summed by how often keys meet a query."""

    def largest_sum(self, sources: Sequence[Interval], shape: Shape) -> int:
        """Return the largest magnitude, keys that meet values included."""
        _, key, value = sources
        met = (key * value).largest() * prod(shape[1:])
        return max(met, super().largest_sum(sources, shape))


PRODUCTS: tuple[type[Product], ...] = (Multiply, Attention)
