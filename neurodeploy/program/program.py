"""A program: nodes in the order in which a step computes them, checked when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from neurodeploy.data import structure
from neurodeploy.data.network.network import Network
from neurodeploy.data.readout import Readout
from neurodeploy.errors import ValidationError
from neurodeploy.program.kinds import KINDS, Input, Neuron, Node
from neurodeploy.program.kinds.synapse import Synapse


@dataclass(frozen=True)
class Program(Network[Node]):
    """The integer meaning of a network; two programs that print alike compute alike."""

    word: ClassVar[str] = "a program"
    base: ClassVar[type[structure.Node]] = Node
    kinds: ClassVar[Sequence[type[structure.Node]]] = KINDS

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.of_kind(Input):
            raise ValidationError("a program needs an input")

    @property
    def input(self) -> Input:
        """The first input."""
        return self.of_kind(Input)[0]

    @property
    def layers(self) -> tuple[Neuron, ...]:
        """The layers of neurons, in order."""
        return self.of_kind(Neuron)

    @property
    def synapses(self) -> tuple[Synapse, ...]:
        """The layers of weights, in order."""
        return self.of_kind(Synapse)

    @property
    def readout(self) -> Readout:
        """The way from the last layer's values to the network's output."""
        last = self.by_name[self.output]
        return last.readout if isinstance(last, Neuron) else Readout()

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
