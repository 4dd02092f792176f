"""Products in a program: integers of several nodes, multiplied and perhaps added, without weights.

They count in the unit of one, as spikes do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from operator import mul

from neurodeploy.data.network import products
from neurodeploy.data.structure import Shape, require
from neurodeploy.program.kinds.node import Node, Reads
from neurodeploy.program.spelling import edge_list
from snncore.dynamics import Equations
from snncore.dynamics.arithmetic.interval import Interval

# Beyond this no float carries the sums.
_MOST_BITS = 53


class Product(products.Product, Node):
    """A node whose values are products of its sources'."""

    def value_range(self, reads: Reads) -> Interval:
        """Return the range of a product, as often as a value adds it up."""
        shape, sources = reads.shape(self.name), [reads.over(edge) for edge in self.sources]
        largest = self.largest_sum(sources, shape)
        words = f"{self.name}: may reach {largest}, beyond {_MOST_BITS} bits"
        remedy = "let it read spikes, or smaller counts"
        require(largest < 1 << _MOST_BITS, words, remedy=remedy)
        return self._total(sources, shape)

    def largest_sum(self, sources: Sequence[Interval], shape: Shape) -> int:
        """Return the largest magnitude of a value of this shape or of a sum on the way to it."""
        factors = [each.largest() for each in self.factors(sources)]
        return max(*factors, self._total(sources, shape).largest())

    def factors(self, sources: Sequence[Interval]) -> Sequence[Interval]:
        """Return the ranges of what is multiplied, given those of the sources."""
        return sources

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return the kind's name, its sources and its fields."""
        form = "".join(f" {name} {value}" for name, value in self.form)
        return f"{self.kind_name().lower()}({edge_list(self.sources)}){form}"

    def _total(self, sources: Sequence[Interval], shape: Shape) -> Interval:
        terms = self.terms(shape)
        return reduce(mul, self.factors(sources)) * Interval(terms, terms)


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
