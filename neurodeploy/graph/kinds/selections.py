"""Selections in a graph: values of other nodes, moved."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.data.network import selections
from neurodeploy.graph.kinds.node import Details, Node


class Selection(selections.Selection, Node):
    """A node whose values are some of its sources', without numbers of its own."""

    @property
    def details(self) -> Details:
        """The fields beside the sources."""
        return self.form


@dataclass(frozen=True, eq=False)
class Flatten(selections.Flatten, Selection):
    """All axes after time and batch as one, in C order."""


@dataclass(frozen=True, eq=False)
class MaxPool2d(selections.MaxPool2d, Selection):
    """The largest value of every window; a padded value is never the largest."""


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
