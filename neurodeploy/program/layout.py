"""The values of a program that a text must hold, and how long each is read."""

from __future__ import annotations

from functools import cached_property

from neurodeploy.data.structure import Edge, Shape
from neurodeploy.program.kinds import Flatten, Reshape
from neurodeploy.program.program import Program
from neurodeploy.program.ranges import Ranges, ranges
from snncore.dynamics.arithmetic.interval import ZERO, Interval


class Layout:
    """Every value of a program; Flatten and Reshape are the value that they read.

    The base of a target's own memory, which says where each value stands.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.numbers = {node.name: number for number, node in enumerate(program.nodes)}

    @cached_property
    def ranges(self) -> Ranges:
        """The proved ranges of the program."""
        return ranges(self.program)

    @cached_property
    def slots(self) -> dict[str, int]:
        """The steps for which each value is kept: one, and one more for each step it is late."""
        owners = [node for node in self.program.nodes if not isinstance(node, Flatten | Reshape)]
        slots = {node.name: 1 for node in owners}
        for edge in (self.root(edge) for node in owners for edge in node.sources):
            slots[edge.source] = max(slots[edge.source], 1 + edge.delay)
        return slots

    def root(self, edge: Edge) -> Edge:
        """Return the edge that leads to the value itself, past those that only rename it."""
        node = self.program.by_name[edge.source]
        while isinstance(node, Flatten | Reshape):
            edge = Edge(node.source.source, node.source.delay + edge.delay)
            node = self.program.by_name[edge.source]
        return edge

    def interval(self, edge: Edge) -> Interval:
        """Return the range of the values that an edge brings, with the zero before the first."""
        return self.ranges.values[edge.source].hull(ZERO)

    def shape(self, edge: Edge) -> Shape:
        """Return the shape in which an edge's reader sees the value."""
        return self.program.shapes[edge.source]
