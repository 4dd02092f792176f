"""Attention as Verilog: keys meet values in a RAM of sums, and queries read it.

1. A row is a channel of a head. First, for every row of the values and every row of the keys of its
   head, the products over all tokens are added up, three cycles a product.
2. Then, for every row and token, these sums times the queries of the head are added up, two cycles
   a product.
"""

from __future__ import annotations

from math import prod

from neurodeploy.program import Attention
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from snncore.dynamics.printing.verilog import bits_of
from targets.rtl.text.memory import Memory
from targets.rtl.text.stages import Stage
from targets.rtl.text.words import Block, index_bits, module


def attention_stage(node: Attention, memory: Memory) -> Stage:
    """Return the stage of attention: its sources are queries, keys and values."""
    shape, total = memory.program.shapes[node.name], memory.values[node.name]
    size, tokens, width = prod(shape), prod(shape[1:]), shape[0] // node.heads
    query, key, value = (memory.interval(edge) for edge in node.sources)
    met = (value * key * Interval(tokens, tokens)).hull(ZERO)
    ports = [
        "input clk",
        "input run",
        "output finished",
        f"output [{index_bits(size) - 1}:0] index",
    ]
    ports += [
        f"input signed [{bits_of(each) - 1}:0] e{position}"
        for position, each in enumerate((query, key, value))
    ]
    ports += [
        "output we",
        f"output [{index_bits(size) - 1}:0] at",
        f"output signed [{bits_of(total.interval) - 1}:0] value",
    ]
    body = [
        *_counters(shape[0], width, tokens),
        *_sums(shape[0] * width, bits_of(met), bits_of(value), bits_of(total.interval)),
        f"wire last_row = row == {shape[0] - 1};",
        f"wire last_member = member == {width - 1};",
        f"wire last_d = d == {width - 1};",
        f"wire last_t = t == {tokens - 1};",
        # The value first, then the key; or the query.
        f"assign index = !attends && beat == 0 ? row * {tokens} + t : (base + d) * {tokens} + t;",
        f"assign at = row * {tokens} + t;",
        "assign value = total;",
        "assign we = run && attends && beat == 1 && last_d;",
        "assign finished = we && last_row && last_t;",
        "assign meets = run && !attends && beat == 2 && last_t;",
        *_steps(width),
    ]
    text = module(f"nd_node{memory.numbers[node.name]}", ports, body)
    return Stage(node, memory, text, node.inputs, index_bits(size))


def _counters(rows: int, width: int, tokens: int) -> Block:
    return [
        "reg attends;",
        "reg [1:0] beat;",
        f"reg [{index_bits(rows) - 1}:0] row;",
        # The row within its head, and the head's first row.
        f"reg [{index_bits(width) - 1}:0] member;",
        f"reg [{index_bits(rows) - 1}:0] base;",
        f"reg [{index_bits(width) - 1}:0] d;",
        f"reg [{index_bits(tokens) - 1}:0] t;",
    ]


def _sums(words: int, met: int, value: int, total: int) -> Block:
    """Return the registers that add up, and the RAM of what keys and values make."""
    width, address = words, index_bits(words)
    return [
        f"reg signed [{value - 1}:0] first;",
        f"reg signed [{met - 1}:0] sum;",
        f"reg signed [{total - 1}:0] so_far;",
        "wire meets;",
        f"wire [{met - 1}:0] word;",
        f"wire signed [{met - 1}:0] weight = word;",
        f"wire signed [{met - 1}:0] met = (t == 0 ? 1'sd0 : sum) + first * e1;",
        f"wire signed [{total - 1}:0] total = (d == 0 ? 1'sd0 : so_far) + weight * e0;",
        f"reg [{address - 1}:0] pair;",
        f"nd_ram #({met}, {width}, {address}) sums(clk, meets, pair, met, pair, word);",
    ]


def _steps(width: int) -> Block:
    """Return the registers that go through rows, pairs and tokens."""
    zeros = ("attends", "beat", "row", "member", "base", "d", "t", "pair")
    next_row = [
        "if (last_row) begin row <= 0; member <= 0; base <= 0; end",
        "else begin",
        "    row <= row + 1;",
        "    member <= last_member ? 0 : member + 1;",
        f"    if (last_member) base <= base + {width};",
        "end",
    ]
    return [
        "always @(posedge clk)",
        f"    if (!run) begin {' '.join(f'{name} <= 0;' for name in zeros)} end",
        "    else if (!attends) begin",
        *(f"        {line}" for line in _meet(next_row)),
        "    end else begin",
        *(f"        {line}" for line in _attend(width, next_row)),
        "    end",
    ]


def _meet(next_row: Block) -> Block:
    return [
        "beat <= beat == 2 ? 0 : beat + 1;",
        "if (beat == 1) first <= e2;",
        "if (beat == 2) begin",
        "    sum <= met;",
        "    t <= last_t ? 0 : t + 1;",
        "    if (last_t) begin",
        "        d <= last_d ? 0 : d + 1;",
        "        pair <= last_d && last_row ? 0 : pair + 1;",
        "        if (last_d) begin",
        *(f"            {line}" for line in next_row),
        "            if (last_row) attends <= 1;",
        "        end",
        "    end",
        "end",
    ]


def _attend(width: int, next_row: Block) -> Block:
    return [
        "beat <= beat == 0;",
        "if (beat == 1) begin",
        "    so_far <= total;",
        "    d <= last_d ? 0 : d + 1;",
        # A row's sums once for every token.
        f"    pair <= !last_d ? pair + 1 : last_t ? pair + 1 : pair - {width - 1};",
        "    if (last_d) begin",
        "        t <= last_t ? 0 : t + 1;",
        "        if (last_t) begin",
        *(f"            {line}" for line in next_row),
        "        end",
        "    end",
        "end",
    ]
