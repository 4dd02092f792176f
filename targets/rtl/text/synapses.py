"""Weights and sums of windows as Verilog: every value that is not zero adds to the sums it reaches.

1. The sums are cleared. Then the source is looked at, one value after another.
2. An event is a value that is not zero. For each sum that it reaches, its weight is read from the
   ROM and the sum from the RAM, and in the next cycle both are added and written.
3. Weights stand by source, so that those of one event follow one another: (inputs, outputs), or
   (inputs, height, width, outputs of the group).
4. In a window, an output is written at most once by an event, so no sum is read before it is
   written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from numpy.typing import NDArray

from neurodeploy.data.structure import Pair
from neurodeploy.program import Conv2d, Dense, SumPool2d
from snncore.dynamics.printing.verilog import bits_of
from targets.rtl.text.memory import Memory
from targets.rtl.text.stages import Stage
from targets.rtl.text.words import Block, index_bits, module, width_of


@dataclass(frozen=True)
class Windows:
    """The outputs that an event of an image reaches."""

    # Of the source: channels of one group, rows and columns.
    channels: int
    size: Pair
    # Of the outputs: channels of one group, rows and columns.
    outputs: int
    landing: Pair
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair

    @property
    def words(self) -> int:
        """The number of weights of a channel."""
        return prod(self.kernel) * self.outputs


def rom_name(memory: Memory, name: str) -> str:
    """Return the name of the file with a node's weights."""
    return f"w{memory.numbers[name]}.hex"


def dense_stage(node: Dense, memory: Memory) -> Stage:
    """Return the stage of dense weights."""
    outputs, inputs = node.narrow_weight.shape
    step = index_bits(inputs * outputs)
    name = rom_name(memory, node.name)
    rom = node.narrow_weight.T
    wires = [
        f"reg [{step - 1}:0] row;",
        *_rom(rom, name, "row + i"),
    ]
    emit = [
        "at <= i;",
        "pending <= 1;",
        f"if (i == {outputs - 1}) state <= FLUSH; else i <= i + 1;",
    ]
    advance = [f"row <= row + {outputs};"]
    steps = _Steps(["row <= 0;"], ["i <= 0;", "state <= EMIT;"], _case("EMIT", emit), advance)
    text = _scatter(node, memory, wires, steps, "i")
    return _stage(node, memory, text, {name: rom})


def conv_stage(node: Conv2d, memory: Memory) -> Stage:
    """Return the stage of convolutions."""
    _, rows, columns = memory.shape(node.source)
    outputs, each, *kernel = node.narrow_weight.shape
    windows = Windows(
        each,
        (rows, columns),
        outputs // node.groups,
        _landing(node, memory),
        (kernel[0], kernel[1]),
        node.stride,
        node.padding,
        node.dilation,
    )
    name = rom_name(memory, node.name)
    rom = by_source(node.narrow_weight, node.groups)
    return _stage(
        node, memory, _windowed(node, memory, windows, _rom(rom, name, "word")), {name: rom}
    )


def pool_stage(node: SumPool2d, memory: Memory) -> Stage:
    """Return the stage of sums of windows: weights of one, a group for each channel."""
    _, rows, columns = memory.shape(node.inputs[0])
    windows = Windows(
        1, (rows, columns), 1, _landing(node, memory), node.kernel, node.stride, (0, 0), (1, 1)
    )
    text = _windowed(node, memory, windows, ["wire signed [1:0] weight = 2'sd1;"])
    return _stage(node, memory, text, {})


def by_source(weight: NDArray[Any], groups: int) -> NDArray[Any]:
    """Return a kernel's weights by source: (inputs, height, width, outputs of the group)."""
    outputs, inputs, height, width = weight.shape
    grouped = weight.reshape(groups, outputs // groups, inputs, height, width)
    return grouped.transpose(0, 2, 3, 4, 1)


def _landing(node: Conv2d | SumPool2d, memory: Memory) -> Pair:
    _, rows, columns = memory.program.shapes[node.name]
    return rows, columns


def _stage(
    node: Dense | Conv2d | SumPool2d, memory: Memory, text: Block, roms: dict[str, NDArray[Any]]
) -> Stage:
    (edge,) = node.sources
    bits = index_bits(prod(memory.shape(edge)))
    return Stage(node, memory, text, (edge,), bits, adds=True, roms=roms)


def _rom(values: NDArray[Any], name: str, address: str) -> Block:
    """Return the ROM of weights, whose next word is at an address."""
    bits, depth = width_of(values), values.size
    return [
        f"wire [{index_bits(depth) - 1}:0] place = {address};",
        f"wire signed [{bits - 1}:0] weight;",
        f'nd_rom #({bits}, {depth}, {index_bits(depth)}, "{name}") weights(clk, place, weight);',
    ]


@dataclass(frozen=True)
class _Steps:
    """The lines that differ between kinds: at the start, at an event, for it, and after it."""

    start: Sequence[str]
    event: Sequence[str]
    cases: Sequence[str]
    advance: Sequence[str]


def _scatter(
    node: Dense | Conv2d | SumPool2d, memory: Memory, wires: Block, steps: _Steps, own: str
) -> Block:
    """Return the module of a stage that adds events to sums."""
    value, (edge,) = memory.values[node.name], node.sources
    source, count = memory.interval(edge), prod(memory.shape(edge))
    seen, reached, total = index_bits(count), index_bits(value.size), bits_of(value.interval)
    ports = [
        "input clk",
        "input run",
        "output finished",
        f"output [{seen - 1}:0] index",
        f"input signed [{bits_of(source) - 1}:0] e0",
        f"output [{reached - 1}:0] own",
        f"input signed [{total - 1}:0] total",
        "output we",
        f"output reg [{reached - 1}:0] at",
        f"output signed [{total - 1}:0] value",
    ]
    # An event of spikes is always one.
    added = "weight" if (source.low, source.high) == (0, 1) else "event_value * weight"
    body = [
        "localparam CLEAR = 0, FETCH = 1, LOOK = 2, WINDOW = 3, EMIT = 4, FLUSH = 5, END = 6;",
        "reg [2:0] state;",
        "reg pending;",
        f"reg [{seen - 1}:0] j;",
        f"reg [{reached - 1}:0] i;",
        f"reg signed [{bits_of(source) - 1}:0] event_value;",
        *wires,
        "assign finished = run && state == END;",
        "assign index = j;",
        f"assign own = {own};",
        "assign we = run && (pending || state == CLEAR);",
        f"assign value = state == CLEAR ? 1'sd0 : total + {added};",
        *_states(value.size, count, steps),
    ]
    return module(f"nd_node{memory.numbers[node.name]}", ports, body)


def _states(size: int, count: int, steps: _Steps) -> Block:
    """Return the register of states, from the clearing of the sums to the last event."""
    return [
        "always @(posedge clk)",
        "    if (!run) begin",
        "        state <= CLEAR; pending <= 0; i <= 0; j <= 0; at <= 0;",
        *(f"        {line}" for line in steps.start),
        "    end else begin",
        "        pending <= 0;",
        "        case (state)",
        "        CLEAR: begin",
        "            at <= at + 1;",
        f"            if (at == {size - 1}) state <= FETCH;",
        "        end",
        "        FETCH: state <= LOOK;",
        "        LOOK: begin",
        "            event_value <= e0;",
        "            if (e0 == 0) begin",
        *(f"                {line}" for line in _next(count, steps.advance)),
        "            end else begin",
        *(f"                {line}" for line in steps.event),
        "            end",
        "        end",
        *steps.cases,
        *_case("FLUSH", _next(count, steps.advance)),
        "        default: ;",
        "        endcase",
        "    end",
    ]


def _next(count: int, advance: Sequence[str]) -> Block:
    """Return the lines that go to the next value of the source, or to the end."""
    return [
        *advance,
        f"if (j == {count - 1}) state <= END;",
        "else begin j <= j + 1; state <= FETCH; end",
    ]


def _case(name: str, lines: Sequence[str]) -> Block:
    return [f"        {name}: begin", *(f"            {line}" for line in lines), "        end"]


def _windowed(node: Conv2d | SumPool2d, memory: Memory, windows: Windows, rom: Block) -> Block:
    """Return the module of a stage whose events reach windows of an image."""
    total = index_bits(prod(memory.program.shapes[node.name]))
    words = windows.words * memory.shape(node.sources[0])[0]
    counters = {
        "c": windows.channels,
        **dict(zip("yx", windows.size, strict=True)),
        **dict(zip("pq", windows.kernel, strict=True)),
        "o": windows.outputs,
        # The first word of the channel, and the next one.
        "row": words,
        "word": words,
    }
    wires = [
        *(f"reg [{index_bits(count) - 1}:0] {name};" for name, count in counters.items()),
        # The first output of the group, and the next one.
        f"reg [{total - 1}:0] group;",
        f"reg [{total - 1}:0] target;",
        *_landed("y", "p", windows, 0),
        *_landed("x", "q", windows, 1),
        *rom,
    ]
    start = ["c <= 0; y <= 0; x <= 0; row <= 0; group <= 0;"]
    event = ["p <= 0; q <= 0; word <= row;", "state <= WINDOW;"]
    steps = _Steps(start, event, _taps(windows), _advance(windows))
    return _scatter(node, memory, wires, steps, "target")


def _taps(windows: Windows) -> Block:
    """Return the states that go through the taps of a window, and through the outputs of each."""
    high, wide = windows.kernel
    forth = [
        f"if (q == {wide - 1}) begin",
        "    q <= 0;",
        f"    if (p == {high - 1}) state <= FLUSH;",
        "    else begin p <= p + 1; state <= WINDOW; end",
        "end else begin q <= q + 1; state <= WINDOW; end",
    ]
    window = [
        "o <= 0;",
        f"target <= group + y_at * {windows.landing[1]} + x_at;",
        "if (y_in && x_in) state <= EMIT;",
        "else begin",
        f"    word <= word + {windows.outputs};",
        *(f"    {line}" for line in forth),
        "end",
    ]
    emit = [
        "at <= target;",
        "pending <= 1;",
        "word <= word + 1;",
        f"target <= target + {prod(windows.landing)};",
        f"if (o == {windows.outputs - 1}) begin",
        *(f"    {line}" for line in forth),
        "end else o <= o + 1;",
    ]
    return [*_case("WINDOW", window), *_case("EMIT", emit)]


def _advance(windows: Windows) -> Block:
    """Return the lines that go to the next position of the source."""
    rows, columns = windows.size
    return [
        f"if (x == {columns - 1}) begin",
        "    x <= 0;",
        f"    if (y == {rows - 1}) begin",
        "        y <= 0;",
        f"        row <= row + {windows.words};",
        f"        if (c == {windows.channels - 1}) begin",
        "            c <= 0;",
        f"            group <= group + {windows.outputs * prod(windows.landing)};",
        "        end",
        "        else c <= c + 1;",
        "    end else y <= y + 1;",
        "end else x <= x + 1;",
    ]


def _landed(axis: str, tap: str, windows: Windows, which: int) -> Block:
    """Return the wires with the output row (or column) of an event under a tap, if it has one."""
    step, apart = windows.stride[which], windows.dilation[which]
    padding, count = windows.padding[which], windows.landing[which]
    # From the first position under the last tap to the last one under the first.
    last = windows.size[which] - 1 + padding
    reach = max(last, (windows.kernel[which] - 1) * apart, count * step)
    bits = reach.bit_length() + 1
    whole = f"$signed({{1'b0, {axis}}}) + {padding} - $signed({{1'b0, {tap}}}) * {apart}"
    conditions = [f"{axis}_from >= 0", f"{axis}_at < {count}"]
    if step > 1:
        conditions.append(f"{axis}_plain % {step} == 0")
    divided = f"{axis}_plain / {step}" if step > 1 else f"{axis}_plain"
    return [
        f"wire signed [{bits - 1}:0] {axis}_from = {whole};",
        f"wire [{bits - 1}:0] {axis}_plain = {axis}_from;",
        f"wire [{bits - 1}:0] {axis}_at = {divided};",
        f"wire {axis}_in = {' && '.join(conditions)};",
    ]
