"""The base of every kind of node: what a kind defines for a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

from neurodeploy.data import structure
from neurodeploy.data.structure import Edge, Shape
from snncore.dynamics import Equations
from snncore.dynamics.arithmetic.interval import Interval

BINARY = Interval(0, 1)


@dataclass(frozen=True)
class LayerRange:
    """The ranges of one layer of neurons."""

    # The sum that reaches each of a neuron's inputs in one step.
    drives: dict[str, Interval]
    states: dict[str, Interval]
    # One for every operation of the integer equations.
    operations: tuple[Interval, ...]

    @property
    def drive(self) -> Interval:
        """The range of all inputs of a neuron in one step."""
        first, *more = self.drives.values()
        return reduce(Interval.hull, more, first)


class Reads(Protocol):
    """The ranges that a node's own range follows from."""

    # The range of the samples, if it is known.
    inputs: Interval | None

    def over(self, edge: Edge) -> Interval:
        """Return the range of the values that an edge brings."""

    def layer(self, name: str) -> LayerRange:
        """Return the ranges of a layer of neurons."""

    def shape(self, name: str) -> Shape:
        """Return the shape of a node's value."""


@dataclass(frozen=True, eq=False)
class Node(structure.Node):
    """A named node of a program."""

    def value_range(self, reads: Reads) -> Interval:
        """Return the range of the node's value."""
        raise self.undefined("value_range")

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return the right side of the node's line in a program's text.

        `names` has the name of every neuron's integer equations.
        """
        raise self.undefined("expression")
