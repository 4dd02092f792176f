"""The interface of nd_top: one table, of which come its ports, the benches and interface.md."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from snncore.dynamics.printing.verilog import bits_of
from targets.rtl.text.memory import Value
from targets.rtl.text.words import Block, index_bits

INDEX, SAMPLE, SENT, OUT_INDEX = "index", "sample", "sent", "out_index"
# Name, direction, width (one bit if none is named), and meaning.
TABLE = (
    ("clk", "in", "", "the clock; everything happens on its rising edge"),
    ("rst", "in", "", "1 for a cycle or more begins a sample: all states and late values are 0"),
    ("in_valid", "in", "", "1: `in_addr` and `in_data` are a value of this step's input"),
    ("in_ready", "out", "", "1: values and the tick are taken"),
    ("in_addr", "in", INDEX, "the value's index in C order"),
    (
        "in_data",
        "in",
        SAMPLE,
        "the value, 1 for a spike; brought into the input's range. Values that are not sent are 0",
    ),
    ("tick", "in", "", "1 while `in_ready`: the input is complete, and the step begins"),
    ("out_valid", "out", "", "1: `out_addr` and `out_data` are a value that is not 0"),
    ("out_ready", "in", "", "1: the value is taken, and the next one may follow"),
    ("out_addr", "out", OUT_INDEX, "the neuron's index in C order; values come in this order"),
    ("out_data", "out", SENT, "what the last layer sends"),
    ("done", "out", "", "1 in the last cycle of a step; `in_ready` is 1 in the next one"),
)


@dataclass(frozen=True)
class Port:
    """A port of nd_top."""

    name: str
    out: bool
    bits: int
    signed: bool
    meaning: str

    @property
    def shape(self) -> str:
        """The words before its name, in a declaration of a port, wire or register."""
        if not self.signed and self.bits == 1 and not self.name.endswith("_addr"):
            return ""
        return f"{'signed ' if self.signed else ''}[{self.bits - 1}:0] "

    @property
    def declared(self) -> str:
        """Its declaration in nd_top."""
        return f"{'output' if self.out else 'input'} {self.shape}{self.name}"


def ports_of(first: Value, last: Value) -> list[Port]:
    """Return the ports for the values that come in, and those that are sent."""
    widths = {
        "": 1,
        INDEX: index_bits(first.size),
        SAMPLE: bits_of(first.interval),
        OUT_INDEX: index_bits(last.size),
        SENT: bits_of(last.interval),
    }
    return [
        Port(name, direction == "out", widths[width], width in (SAMPLE, SENT), meaning)
        for name, direction, width, meaning in TABLE
    ]


def instance(ports: list[Port]) -> Block:
    """Return a bench's instance of nd_top, and the registers that drive it."""
    lines: Block = []
    for port in ports[1:]:
        start = " = 1" if port.name == "rst" else " = 0"
        kind = "wire" if port.out else "reg"
        lines.append(f"{kind} {port.shape}{port.name}{'' if port.out else start};")
    links = [f".{port.name}({port.name})" for port in ports]
    return [*lines, f"nd_top dut({', '.join(links[:6])},", f"    {', '.join(links[6:])});"]


def page(first: Value, last: Value) -> str:
    """Return interface.md: the ports, and the values that go through them."""
    rows = [
        f"| `{port.name}` | {'out' if port.out else 'in'} | {_width(port)} | {port.meaning} |"
        for port in ports_of(first, last)
    ]
    lines = [
        "# The interface of nd_top",
        "",
        "There are no registers to set: these ports are all that a host reads and writes.",
        "",
        "| port | direction | bits | meaning |",
        "|---|---|---|---|",
        *rows,
        "",
        f"- Input: {_values(first)}.",
        f"- Output: {_values(last)}.",
        "- A step: wait for `in_ready`; send the input's values, one a cycle; set `tick` for a",
        "  cycle; take values while `out_valid`, until `done`.",
        "",
    ]
    return "\n".join(lines)


def _width(port: Port) -> str:
    return f"{port.bits}, two's complement" if port.signed else str(port.bits)


def _values(value: Value) -> str:
    shape, ends = "x".join(map(str, value.shape)), value.interval
    return f"{prod(value.shape):,} values of the shape {shape}, each from {ends.low} to {ends.high}"
