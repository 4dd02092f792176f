"""A graph: nodes in the order of computation, shapes explicit, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from neurodeploy.data import codec
from neurodeploy.data.structure import Shape, check_order
from neurodeploy.graph.kinds import Input, Neuron, Node

SCHEMA = 1


@dataclass(frozen=True)
class Graph:
    """A network traced: what computes what, in floats."""

    nodes: tuple[Node, ...]
    output: str

    def __post_init__(self) -> None:
        check_order(self.nodes, self.output, Node, "a graph")
        # Computing the shapes is checking them.
        _ = self.shapes

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Every node by its name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The shape of every node's value, without time and batch."""
        shapes: dict[str, Shape] = {}
        for node in self.nodes:
            known = [shapes[e.source] for e in node.sources if e.source in shapes]
            shapes[node.name] = node.output_shape(known)
        for node in self.nodes:
            # Once more, now that what a loop reads is known too.
            node.output_shape([shapes[edge.source] for edge in node.sources])
        return shapes

    @property
    def input(self) -> Input:
        """The first input."""
        return next(node for node in self.nodes if isinstance(node, Input))

    @property
    def layers(self) -> tuple[Neuron, ...]:
        """The layers of neurons, in order."""
        return tuple(node for node in self.nodes if isinstance(node, Neuron))

    @cached_property
    def digests(self) -> dict[str, str]:
        """A hash of every node by its name, to tell which one changed."""
        return {node.name: codec.digest({"node": node}) for node in self.nodes}

    @cached_property
    def sha256(self) -> str:
        """A name for this meaning: equal graphs have equal ones."""
        return codec.digest(document(self))

    def parameter_count(self) -> int:
        """How many weights there are."""
        return sum(node.parameter_count for node in self.nodes)

    def text(self) -> str:
        """The graph as a person reads it, a line a node."""
        lines = []
        for node in self.nodes:
            shape = "x".join(map(str, self.shapes[node.name]))
            sources = ", ".join(edge.source for edge in node.sources)
            details = "".join(f" {key}={value}" for key, value in node.details)
            lines.append(f"{node.name} [{shape}] = {type(node).__name__}({sources}){details}")
        return "\n".join([*lines, f"output {self.output}"]) + "\n"


def document(graph: Graph) -> dict[str, Any]:
    """The graph as a document of frozen data."""
    return {"schema": SCHEMA, "output": graph.output, "nodes": graph.nodes}
