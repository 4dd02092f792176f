"""The memories of a program in Verilog: one RAM for every value, with a slot for each late step.

1. A RAM has one synchronous port that reads and one that writes. Where a node reads a value twice
   in one cycle, the value has a copy for each. Weights with delays read one after another.
2. The values of weights are their sums before they are shifted and stored: who reads them does so.
   Only those of weights with delays of their own are shifted before.
3. A value of 0 or 1 takes one bit; any other is signed, as wide as its proved range.
4. Flatten and Reshape are the value that they read, under another name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.program import (
    Arithmetic,
    Conv2d,
    Dense,
    Input,
    Neuron,
    Node,
    Selection,
    Synapse,
)
from neurodeploy.program.layout import Layout
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from snncore.dynamics.printing.verilog import bits_of
from targets.rtl.text.words import Block, index_bits

_BINARY = Interval(0, 1)


@dataclass(frozen=True)
class Value:
    """The RAM of a node's value."""

    name: str
    shape: Shape
    interval: Interval
    slots: int

    @property
    def size(self) -> int:
        """The number of values."""
        return prod(self.shape)

    @property
    def is_bit(self) -> bool:
        """Whether every value is a bit."""
        return self.interval.within(_BINARY)

    @property
    def bits(self) -> int:
        """The width of a value in the RAM."""
        return 1 if self.is_bit else bits_of(self.interval)

    @property
    def depth(self) -> int:
        """The number of words."""
        return self.slots * self.size

    @property
    def address_bits(self) -> int:
        """The width of an address."""
        return index_bits(self.depth)

    @property
    def base(self) -> str:
        """The register with the address of this step's slot."""
        return f"{self.name}_base"

    def address(self, index: str, late: int = 0) -> str:
        """Return the address of an index in the slot of so many steps ago."""
        if self.slots == 1:
            return index
        if not late:
            return f"{self.base} + {index}"
        before, around = late * self.size, (self.slots - late) * self.size
        slot = f"({self.base} >= {before} ? {self.base} - {before} : {self.base} + {around})"
        return f"{slot} + {index}"

    def address_before(self, index: str, before: str) -> str:
        """Return the address of an index so many words before this step's slot."""
        around = f"{self.base} + {self.depth} - {before}"
        return f"({self.base} >= {before} ? {self.base} - {before} : {around}) + {index}"

    def signed(self, word: str) -> str:
        """Return a word of the RAM as a signed value."""
        return f"$signed({{1'b0, {word}}})" if self.is_bit else f"$signed({word})"


class Memory(Layout):
    """Every value of a program."""

    @cached_property
    def values(self) -> dict[str, Value]:
        """The value of every node that has one, by the node's name."""
        return {
            name: Value(
                f"r{self.numbers[name]}",
                self.program.shapes[name],
                _RANGE(self.program.by_name[name], self),
                slots,
            )
            for name, slots in self.slots.items()
        }

    def read(self, name: str, edge: Edge, word: str) -> Block:
        """Return the wires, the last of this name, with the value that an edge brings."""
        root = self.root(edge).source
        signed = self.values[root].signed(word)
        return _READ(self.program.by_name[root], self, name, (self.interval(edge), signed))


# The range of what a node's RAM holds, with the zero before the first step.
_RANGE = KindTable[[Memory], Interval]("the range of a RAM")


@_RANGE.register(Arithmetic, Input, Neuron, Selection)
def _of_value(node: Node, memory: Memory) -> Interval:
    return memory.ranges.values[node.name].hull(ZERO)


@_RANGE.register(Conv2d)
def _of_sums(node: Synapse, memory: Memory) -> Interval:
    return node.sum_range(memory.interval(node.source)).hull(ZERO)


@_RANGE.register(Dense)
def _of_dense(node: Dense, memory: Memory) -> Interval:
    """Return the range of the sums; those of several delays were each shifted by itself."""
    total = _of_sums(node, memory)
    if node.delays is None:
        return total
    each = total.map(lambda value: value >> node.shift)
    return Interval(each.low - len(node.sources) + 1, each.high)


# The wires that read a node's value, given their name, its range and the signed word of its RAM.
_READ = KindTable[[Memory, str, tuple[Interval, str]], Block]("what reads a RAM")


@_READ.register(Arithmetic, Input, Neuron, Selection)
def _as_it_is(node: Node, memory: Memory, name: str, word: tuple[Interval, str]) -> Block:
    return [_wire(name, *word)]


@_READ.register(Conv2d)
def _stored(node: Synapse, memory: Memory, name: str, word: tuple[Interval, str]) -> Block:
    return _shifted(node, 0, memory, name, word)


@_READ.register(Dense)
def _dense(node: Dense, memory: Memory, name: str, word: tuple[Interval, str]) -> Block:
    # Sums of several delays were shifted before they were added.
    return _shifted(node, node.shift if node.delays is None else 0, memory, name, word)


def _shifted(
    node: Synapse, shift: int, memory: Memory, name: str, word: tuple[Interval, str]
) -> Block:
    """Return the wires of sums that are shifted, and stored in a register that may wrap."""
    total, (interval, signed) = memory.values[node.name].interval, word
    half = 1 << (node.accumulator_bits - 1)
    return [
        _wire(f"{name}_sum", total, signed),
        _wire(f"{name}_shifted", total.map(lambda x: x >> shift), f"{name}_sum >>> {shift}"),
        # The lower bits alone, read with the sign of the highest of them.
        _wire(f"{name}_stored", Interval(-half, half - 1), f"{name}_shifted"),
        _wire(name, interval, f"{name}_stored"),
    ]


def _wire(name: str, interval: Interval, value: str) -> str:
    return f"wire signed [{bits_of(interval) - 1}:0] {name} = {value};"
