"""A graph: nodes in the order of computation, shapes explicit, checked when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from neurodeploy.data import structure
from neurodeploy.data.network.encoding import Encoding
from neurodeploy.data.network.network import Network
from neurodeploy.data.readout import Readout
from neurodeploy.graph.kinds import KINDS, Input, Neuron, Node


@dataclass(frozen=True)
class Graph(Network[Node]):
    """A traced network: its computation in floats."""

    word: ClassVar[str] = "a graph"
    base: ClassVar[type[structure.Node]] = Node
    kinds: ClassVar[Sequence[type[structure.Node]]] = KINDS
    members: ClassVar[Sequence[type]] = (Encoding,)

    @property
    def input(self) -> Input:
        """The first input."""
        return self.of_kind(Input)[0]

    @property
    def layers(self) -> tuple[Neuron, ...]:
        """The layers of neurons, in order."""
        return self.of_kind(Neuron)

    @property
    def readout(self) -> Readout:
        """The way from the last layer's values to the network's output."""
        last = self.by_name[self.output]
        return last.readout if isinstance(last, Neuron) else Readout()

    def text(self) -> str:
        """Return the graph as a person reads it, a line a node."""
        lines = []
        for node in self.nodes:
            shape = "x".join(map(str, self.shapes[node.name]))
            sources = ", ".join(edge.source for edge in node.sources)
            details = "".join(f" {key}={value}" for key, value in node.details)
            lines.append(f"{node.name} [{shape}] = {node.kind_name()}({sources}){details}")
        return "\n".join([*lines, f"output {self.output}"]) + "\n"


loads = Graph.loads
