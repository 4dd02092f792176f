"""A node's stage: the module that computes its value once a step, and what it reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from neurodeploy.data.structure import Edge
from neurodeploy.program import Node
from snncore.dynamics.printing.verilog import bits_of
from targets.rtl.text.memory import Memory, Value
from targets.rtl.text.words import Block, index_bits


def edge_ports(memory: Memory, edges: Sequence[Edge]) -> Block:
    """Return the ports through which a stage's module reads its edges."""
    return [
        f"input signed [{bits_of(memory.interval(edge)) - 1}:0] e{position}"
        for position, edge in enumerate(edges)
    ]


@dataclass(frozen=True)
class State:
    """The RAM of a layer's state."""

    key: str
    name: str
    size: int
    bits: int


@dataclass(frozen=True)
class Stage:
    """The module of a node that has a value of its own.

    The module has the ports clk, run, finished; index, the position in what it reads; a port
    `e0`, `e1`, ... for each edge, or `e0` for all in turns; we, at and value, which it writes.
    """

    node: Node
    memory: Memory
    text: Block
    # The edges that it reads, all at the same index; in turns, one after another.
    edges: tuple[Edge, ...]
    index_bits: int
    # Whether it reads its own sums, at `own`, to add to them.
    adds: bool = False
    # Whether it reads one value through all its edges: a port `turn` says which one it is.
    in_turns: bool = False
    states: tuple[State, ...] = ()
    # The files of its ROMs.
    roms: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def ports(self) -> tuple[Edge, ...]:
        """The edges that have a port of their own."""
        return self.edges[:1] if self.in_turns else self.edges

    @property
    def turn_bits(self) -> int:
        """The width of the port that says whose turn it is."""
        return index_bits(len(self.edges))

    @property
    def number(self) -> int:
        """The number of the node."""
        return self.memory.numbers[self.node.name]

    @property
    def value(self) -> Value:
        """The value that it writes."""
        return self.memory.values[self.node.name]

    @property
    def at_bits(self) -> int:
        """The width of the position that it writes."""
        return index_bits(self.value.size)
