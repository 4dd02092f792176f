"""Sums in a program: counts of spikes as values, which weights and neurons read as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from neurodeploy.data.network import sums
from neurodeploy.data.structure import Shape
from neurodeploy.program.kinds.arithmetic import Arithmetic
from snncore.dynamics.arithmetic.interval import Interval


@dataclass(frozen=True, eq=False)
class Add(sums.Add, Arithmetic):
    """The sum of several values, element by element."""

    def total(self, sources: Sequence[Interval], shape: Shape) -> Interval:
        """Return the sum of the ranges."""
        return reduce(add, sources)

    def largest_sum(self, sources: Sequence[Interval], shape: Shape) -> int:
        """Return the sum of the largest magnitudes, in whatever order they are added."""
        return sum(each.largest() for each in sources)


@dataclass(frozen=True, eq=False)
class SumPool2d(sums.SumPool2d, Arithmetic):
    """The sum of every window of an image."""

    def total(self, sources: Sequence[Interval], shape: Shape) -> Interval:
        """Return the range of as many values as a window has."""
        (source,), terms = sources, self.terms(shape)
        return source * Interval(terms, terms)

    def largest_sum(self, sources: Sequence[Interval], shape: Shape) -> int:
        """Return the largest magnitude of a sum."""
        return self.total(sources, shape).largest()


SUMS: tuple[type[Arithmetic], ...] = (Add, SumPool2d)
