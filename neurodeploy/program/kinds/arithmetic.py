"""The base of sums and products in a program: integers of several nodes, without weights.

They count in the unit of one, as spikes do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from neurodeploy.data.network import arithmetic
from neurodeploy.data.structure import Shape, require
from neurodeploy.program.kinds.node import Node, Reads
from neurodeploy.program.spelling import edge_list
from snncore.dynamics import Equations
from snncore.dynamics.arithmetic.interval import Interval

# Beyond this no float carries the sums.
_MOST_BITS = 53


class Arithmetic(arithmetic.Arithmetic, Node):
    """A node whose values are sums or products of its sources'."""

    def value_range(self, reads: Reads) -> Interval:
        """Return the range of a value, proved to be one that floats carry."""
        shape, sources = reads.shape(self.name), [reads.over(edge) for edge in self.sources]
        largest = self.largest_sum(sources, shape)
        words = f"{self.name}: may reach {largest}, beyond {_MOST_BITS} bits"
        remedy = "let it read spikes, or smaller counts"
        require(largest < 1 << _MOST_BITS, words, remedy=remedy)
        return self.total(sources, shape)

    def total(self, sources: Sequence[Interval], shape: Shape) -> Interval:
        """Return the range of a value of this shape, given those of the sources."""
        raise self.undefined("total")

    def largest_sum(self, sources: Sequence[Interval], shape: Shape) -> int:
        """Return the largest magnitude of a value of this shape or of a sum on the way to it."""
        raise self.undefined("largest_sum")

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return the kind's name, its sources and its fields."""
        form = "".join(f" {name} {value}" for name, value in self.form)
        return f"{self.kind_name().lower()}({edge_list(self.sources)}){form}"
