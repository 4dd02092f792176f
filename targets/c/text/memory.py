"""The memory of a program in C: for every node, where its value stands in the caller's struct.

1. A value of 0 or 1 is a bit of 32-bit words; any other is an integer of the narrowest type that
   holds its range.
2. A value that somebody reads late has a slot for each step, in a ring: slot `now` is this step's.
3. Flatten and Reshape are the value that they read, under another name.
4. Weights that one layer of neurons reads, in the same step, are added up where that layer does;
   they have no value of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

from neurodeploy.data.structure import Edge, Shape
from neurodeploy.program import Neuron, Node
from neurodeploy.program.layout import Layout
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.printing.c99 import width_of

_BINARY = Interval(0, 1)
_WORD = 32


@dataclass(frozen=True)
class Value:
    """The place of a node's value: a field of the struct, with a slot for each late step."""

    field: str
    shape: Shape
    interval: Interval
    slots: int

    @property
    def size(self) -> int:
        """The number of values."""
        return prod(self.shape)

    @property
    def is_bits(self) -> bool:
        """Whether every value is a bit."""
        return self.interval.within(_BINARY)

    @property
    def words(self) -> int:
        """The length of a slot: words of bits, or integers."""
        return -(-self.size // _WORD) if self.is_bits else self.size

    @property
    def type(self) -> str:
        """The C type of a word."""
        return "uint32_t" if self.is_bits else f"int{width_of(self.interval)}_t"

    @property
    def bytes_a_word(self) -> int:
        """The size of a word."""
        return 4 if self.is_bits else width_of(self.interval) // 8

    @property
    def now(self) -> str:
        """The field that counts this value's slots."""
        return f"r{self.field.removeprefix('n').removesuffix('_s')}"

    def declarations(self) -> list[tuple[str, str, int, int]]:
        """Return type, name, length (0 for a single one) and bytes of the fields."""
        fields = [(self.type, self.field, self.slots * self.words, self.bytes_a_word)]
        return [*fields, ("int32_t", self.now, 0, 4)] if self.slots > 1 else fields

    def pointer(self, late: int = 0) -> str:
        """Return the first word of the slot of so many steps ago."""
        if self.slots == 1:
            return f"n->{self.field}"
        slot = f"n->{self.now}"
        if late:
            slot = f"((n->{self.now} + {self.slots - late}) % {self.slots})"
        return f"n->{self.field} + {slot} * {self.words}"

    def read(self, pointer: str, index: str) -> str:
        """Return one value of a slot."""
        return f"ND_BIT({pointer}, {index})" if self.is_bits else f"{pointer}[{index}]"

    def write(self, pointer: str, index: str, value: str) -> str:
        """Return the line that stores one value; bits are cleared before."""
        if self.is_bits:
            return f"ND_PUT({pointer}, {index}, {value});"
        return f"{pointer}[{index}] = ({self.type})({value});"


class Memory(Layout):
    """Every value of a program."""

    @cached_property
    def fused(self) -> frozenset[str]:
        """The weights that one layer of neurons reads in the same step, and nothing else."""
        readers: dict[str, list[tuple[Node, int]]] = {}
        for node in self.program.nodes:
            for edge in node.sources:
                readers.setdefault(edge.source, []).append((node, edge.delay))
        fused = set()
        for synapse in self.program.synapses:
            match readers.get(synapse.name, []):
                case [(Neuron(), 0)]:
                    fused.add(synapse.name)
        return frozenset(fused)

    @cached_property
    def values(self) -> dict[str, Value]:
        """The value of every node that has one, by the node's name."""
        return {
            name: Value(
                f"n{self.numbers[name]}_s",
                self.program.shapes[name],
                self.ranges.values[name],
                slots,
            )
            for name, slots in self.slots.items()
            if name not in self.fused
        }

    def value(self, edge: Edge) -> tuple[Value, str]:
        """Return the value that an edge brings, and the pointer to its slot."""
        root = self.root(edge)
        value = self.values[root.source]
        return value, value.pointer(root.delay)
