"""Selections in a program: values of other nodes, moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from neurodeploy.data.network import selections
from neurodeploy.program.kinds.conv2d import Conv2d
from neurodeploy.program.kinds.node import Node, Reads
from neurodeploy.program.spelling import edge_list
from snncore.dynamics import Equations
from snncore.dynamics.arithmetic.interval import ZERO, Interval


class Selection(selections.Selection, Node):
    """A node whose values are some of its sources', without numbers of its own."""

    def value_range(self, reads: Reads) -> Interval:
        """Return the range of all sources, and of the zeros between their values."""
        first, *more = (reads.over(edge) for edge in self.sources)
        total = reduce(Interval.hull, more, first)
        return total.hull(ZERO) if self.inserts_zeros else total

    def spike_kernel(self, channels: int, weight: int, bits: int) -> Node | None:
        """Return weights whose sums of spikes are above zero where the value is 1.

        Neurons that these drive give the value; None if no weights do it.
        """
        return None

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return the kind's name, its sources and its fields."""
        form = "".join(f" {name} {value}" for name, value in self.form)
        return f"{self.kind_name().lower()}({edge_list(self.sources)}){form}"


@dataclass(frozen=True, eq=False)
class Flatten(selections.Flatten, Selection):
    """All axes after time and batch as one, in C order."""


@dataclass(frozen=True, eq=False)
class MaxPool2d(selections.MaxPool2d, Selection):
    """The largest value of every window; a padded value is never the largest."""

    def spike_kernel(self, channels: int, weight: int, bits: int) -> Node | None:
        """Return weights of one size over every window: a spike among them is the largest value."""
        kernel = np.full((channels, 1, *self.kernel), weight)
        windows = (self.stride, self.padding, (1, 1), channels)
        return Conv2d(self.name, self.source, kernel, *windows, accumulator_bits=bits)


@dataclass(frozen=True, eq=False)
class Reshape(selections.Reshape, Selection):
    """The values of a sample in another shape, in C order."""


@dataclass(frozen=True, eq=False)
class Permute(selections.Permute, Selection):
    """The axes of a sample in another order."""


@dataclass(frozen=True, eq=False)
class Slice(selections.Slice, Selection):
    """A part of one axis."""


@dataclass(frozen=True, eq=False)
class Concat(selections.Concat, Selection):
    """Several values, one after another along an axis."""


@dataclass(frozen=True, eq=False)
class Upsample(selections.Upsample, Selection):
    """Every value as often as its axis has a factor, or once and followed by zeros."""


SELECTIONS: tuple[type[Selection], ...] = (
    *(MaxPool2d, Flatten),
    *(Reshape, Permute, Slice, Concat, Upsample),
)
