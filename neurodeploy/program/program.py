"""A program: nodes in the order in which a step computes them, checked when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from neurodeploy.data import structure
from neurodeploy.data.network.encoding import Encoding
from neurodeploy.data.network.network import Network
from neurodeploy.data.readout import Readout
from neurodeploy.errors import ValidationError
from neurodeploy.program.kinds import KINDS, Input, Neuron, Node
from neurodeploy.program.kinds.synapse import Synapse
from neurodeploy.program.part import Part


@dataclass(frozen=True)
class Program(Network[Node]):
    """The integer meaning of a network; two programs that print alike compute alike."""

    word: ClassVar[str] = "a program"
    base: ClassVar[type[structure.Node]] = Node
    kinds: ClassVar[Sequence[type[structure.Node]]] = KINDS
    members: ClassVar[Sequence[type]] = (Part, Encoding)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.of_kind(Input):
            raise ValidationError("a program needs an input")
        names = [*self.by_name, *(part.name for node in self.layers for part in node.parts or ())]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValidationError(f"{twice}: two layers have this name")

    @property
    def input(self) -> Input:
        """The first input."""
        return self.of_kind(Input)[0]

    @property
    def layers(self) -> tuple[Neuron, ...]:
        """The layers of neurons, in order."""
        return self.of_kind(Neuron)

    @property
    def network_layers(self) -> tuple[tuple[str, Neuron, Part | None], ...]:
        """The network's own layers: name, the neurons that hold it, and its part of them."""
        return tuple(
            (node.name if part is None else part.name, node, part)
            for node in self.layers
            for part in ((None,) if node.parts is None else node.parts)
        )

    @property
    def synapses(self) -> tuple[Synapse, ...]:
        """The layers of weights, in order."""
        return self.of_kind(Synapse)

    @property
    def late_sources(self) -> dict[str, int]:
        """The sources that edges bring late, with the steps of the latest edge."""
        late = [edge for node in self.nodes for edge in node.sources if edge.delay]
        names = dict.fromkeys(edge.source for edge in late)
        return {name: max(edge.delay for edge in late if edge.source == name) for name in names}

    @property
    def readout(self) -> Readout:
        """The way from the last layer's values to the network's output."""
        last = self.by_name[self.output]
        return last.readout if isinstance(last, Neuron) else Readout()

    def without_parts(self) -> Program:
        """Return the program as a network of its own layers, whatever they hold."""
        if all(node.parts is None for node in self.layers):
            return self
        whole = tuple(replace(n, parts=None) if isinstance(n, Neuron) else n for n in self.nodes)
        return Program(whole, self.output)

    def text(self) -> str:
        """Return the program as text for a reader."""
        from neurodeploy.program.text import program_text

        return program_text(self)


def neurons_in(program: Program) -> int:
    """Return the number of neurons in the program."""
    total = 0
    for layer in program.layers:
        size = 1
        for length in program.shapes[layer.name]:
            size *= length
        total += size
    return total


loads = Program.loads
