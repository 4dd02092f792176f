"""A program: nodes in the order in which a step computes them, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from neurodeploy.data import codec
from neurodeploy.data.structure import Shape, check_order
from neurodeploy.errors import ValidationError
from neurodeploy.program.kinds import Input, Neuron, Node
from neurodeploy.program.kinds.synapse import Synapse

SCHEMA = 1


@dataclass(frozen=True)
class Program:
    """The integer meaning of a network; two programs that print alike compute alike."""

    nodes: tuple[Node, ...]
    output: str

    def __post_init__(self) -> None:
        check_order(self.nodes, self.output, Node, "a program")
        if not any(isinstance(node, Input) for node in self.nodes):
            raise ValidationError("a program needs an input")
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

    @property
    def synapses(self) -> tuple[Synapse, ...]:
        """The layers of weights, in order."""
        return tuple(node for node in self.nodes if isinstance(node, Synapse))

    @cached_property
    def digests(self) -> dict[str, str]:
        """A hash of every node by its name, to tell which one changed."""
        return {node.name: codec.digest({"node": node}) for node in self.nodes}

    @cached_property
    def sha256(self) -> str:
        """A name for this meaning: equal programs have equal ones."""
        return codec.digest(document(self))

    def parameter_count(self) -> int:
        """How many weights there are."""
        return sum(node.parameter_count for node in self.nodes)

    def text(self) -> str:
        """The program as a person reads it."""
        from neurodeploy.program.text import program_text

        return program_text(self)


def neurons_in(program: Program) -> int:
    """How many neurons the program has."""
    total = 0
    for layer in program.layers:
        size = 1
        for length in program.shapes[layer.name]:
            size *= length
        total += size
    return total


def document(program: Program) -> dict[str, Any]:
    """The program as a document of frozen data."""
    return {"schema": SCHEMA, "output": program.output, "nodes": program.nodes}
