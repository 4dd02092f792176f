"""Dense weights with a delay for each, as Verilog: one pass over the source for every delay.

1. In each pass the events of so many steps ago add the weights of this delay, and of no other, to
   sums of their own. A ROM beside that of the weights says which pass each weight belongs to. All
   passes read one RAM, each at its own slot.
2. After a pass its sums are shifted, and added to those of the passes before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Dense
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from snncore.dynamics.printing.verilog import bits_of
from targets.rtl.text.memory import Memory
from targets.rtl.text.stages import Stage, edge_ports
from targets.rtl.text.synapses import dense_stage, rom_name
from targets.rtl.text.words import Block, index_bits, module, width_of

Roms = dict[str, NDArray[Any]]


def any_dense_stage(node: Dense, memory: Memory) -> Stage:
    """Return the stage of dense weights, with delays of their own or without."""
    return dense_stage(node, memory) if node.delays is None else delayed_stage(node, memory)


def delayed_stage(node: Dense, memory: Memory) -> Stage:
    """Return the stage of dense weights with delays."""
    assert node.delays is not None
    value, number, edges = memory.values[node.name], memory.numbers[node.name], node.sources
    outputs, inputs = node.narrow_weight.shape
    source = memory.interval(edges[0])
    total, partial = bits_of(value.interval), bits_of(node.sum_range(source).hull(ZERO))
    passes = np.searchsorted(np.unique(node.delays), node.delays).T
    roms = {rom_name(memory, node.name): node.narrow_weight.T, f"d{number}.hex": passes}
    seen, reached = index_bits(inputs), index_bits(outputs)
    ports = ["input clk", "input run", "output finished", f"output [{seen - 1}:0] index"]
    ports += edge_ports(memory, edges[:1])
    ports += [
        f"output reg [{index_bits(len(edges)) - 1}:0] turn",
        f"output [{reached - 1}:0] own",
        f"input signed [{total - 1}:0] total",
        "output we",
        f"output reg [{reached - 1}:0] at",
        f"output signed [{total - 1}:0] value",
    ]
    body = _body(node, roms, source, partial)
    text = module(f"nd_node{number}", ports, body)
    return Stage(node, memory, text, edges, seen, adds=True, in_turns=True, roms=roms)


def _body(node: Dense, roms: Roms, source: Interval, partial: int) -> Block:
    """Return the module's lines; sums of one pass have the partial width."""
    (outputs, inputs), edges = node.narrow_weight.shape, node.sources
    seen, reached = index_bits(inputs), index_bits(outputs)
    address = index_bits(inputs * outputs)
    return [
        "localparam CLEAR = 0, FETCH = 1, LOOK = 2, EMIT = 3, FLUSH = 4, MERGE = 5, MERGED = 6;",
        "localparam END = 7;",
        "reg [2:0] state;",
        "reg pending;",
        f"reg [{seen - 1}:0] j;",
        f"reg [{reached - 1}:0] i;",
        f"reg [{address - 1}:0] row;",
        f"wire [{address - 1}:0] place = row + i;",
        *(_rom(name, label, rom.size, width_of(rom)) for (name, rom), label in _named(roms)),
        f"reg signed [{bits_of(source) - 1}:0] event_value;",
        f"wire [{partial - 1}:0] word;",
        f"wire signed [{partial - 1}:0] sum = word;",
        "wire merging = state == MERGE || state == MERGED;",
        "wire adding = pending && !merging;",
        "wire mine = late == $signed({1'b0, turn});",
        f"wire signed [{partial - 1}:0] added = mine ? event_value * weight : 1'sd0;",
        f"wire signed [{partial - 1}:0] raised = state == CLEAR ? 1'sd0 : sum + added;",
        "wire stores = run && (adding || state == CLEAR);",
        f"nd_ram #({partial}, {outputs}, {reached}) sums(clk, stores, at, raised, i, word);",
        "assign finished = run && state == END;",
        "assign index = j;",
        "assign own = i;",
        "assign we = run && (pending && merging || state == CLEAR && turn == 0);",
        f"wire signed [{partial - 1}:0] shifted = sum >>> {node.shift};",
        "assign value = state == CLEAR ? 1'sd0 : total + shifted;",
        *_states(inputs, outputs, len(edges)),
    ]


def _named(roms: Roms) -> list[tuple[tuple[str, NDArray[Any]], str]]:
    return list(zip(roms.items(), ("weight", "late"), strict=True))


def _rom(name: str, label: str, depth: int, bits: int) -> str:
    """Return the declaration of a ROM's word, and the ROM."""
    wire = f"wire signed [{bits - 1}:0] {label};"
    address = index_bits(depth)
    return f'{wire} nd_rom #({bits}, {depth}, {address}, "{name}") {label}s(clk, place, {label});'


def _states(inputs: int, outputs: int, passes: int) -> Block:
    onward = [
        f"row <= row + {outputs};",
        f"if (j == {inputs - 1}) begin state <= MERGE; i <= 0; end",
        "else begin j <= j + 1; state <= FETCH; end",
    ]
    zeros = "pending <= 0; i <= 0; j <= 0; at <= 0; row <= 0;"
    return [
        "always @(posedge clk)",
        f"    if (!run) begin state <= CLEAR; turn <= 0; {zeros} end",
        "    else begin",
        "        pending <= 0;",
        "        case (state)",
        "        CLEAR: begin",
        "            at <= at + 1;",
        f"            if (at == {outputs - 1}) state <= FETCH;",
        "        end",
        "        FETCH: state <= LOOK;",
        "        LOOK: begin",
        "            event_value <= e0;",
        "            if (e0 == 0) begin",
        *(f"                {line}" for line in onward),
        "            end else begin i <= 0; state <= EMIT; end",
        "        end",
        "        EMIT: begin",
        "            at <= i; pending <= 1;",
        f"            if (i == {outputs - 1}) state <= FLUSH; else i <= i + 1;",
        "        end",
        "        FLUSH: begin",
        *(f"            {line}" for line in onward),
        "        end",
        "        MERGE: begin",
        "            at <= i; pending <= 1;",
        f"            if (i == {outputs - 1}) state <= MERGED; else i <= i + 1;",
        "        end",
        f"        MERGED: if (turn == {passes - 1}) state <= END;",
        f"        else begin turn <= turn + 1; state <= CLEAR; {zeros} end",
        "        default: ;",
        "        endcase",
        "    end",
    ]
