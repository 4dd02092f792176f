"""Branches that lead to a layer of neurons: weights and what moves their sums, or plain values."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.data.structure import Shape
from neurodeploy.program import Node, Selection, Synapse
from snncore.dynamics.arithmetic.interval import Interval
from targets.lynxi.reduced.plan import NetworkPlan, PlanPart


@dataclass(frozen=True, eq=False)
class Branch:
    """The nearest weights before a layer, or else the values that reach it.

    What is joined counts as values: its parts have weights of their own.
    """

    part: PlanPart
    # The nodes between the weights and the neurons, in order: pools and a flatten.
    moved: tuple[PlanPart, ...]
    # The shape that the weights read, or the shape of the values themselves.
    shape: Shape
    range: Interval

    @property
    def name(self) -> str:
        """The name of the weights, or of the node that sends the values."""
        return self.part.name

    @property
    def synapse(self) -> Synapse | None:
        """The weights, or None."""
        node: Node = self.part.node
        return node if isinstance(node, Synapse) else None


def branches_of(plan: NetworkPlan, layer: PlanPart) -> tuple[Branch, ...]:
    """Return every branch of a layer, in the order of its edges."""
    return tuple(_branch(plan, edge.source) for edge in layer.node.sources)


def _branch(plan: NetworkPlan, name: str) -> Branch:
    moved: list[PlanPart] = []
    part = plan.by_name[name]
    while isinstance(part.node, Selection) and len(part.node.sources) == 1:
        moved.insert(0, part)
        part = plan.by_name[part.node.sources[0].source]
    read = part.node.sources[0].source if isinstance(part.node, Synapse) else part.name
    return Branch(part, tuple(moved), plan.by_name[read].shape, plan.values[read])
