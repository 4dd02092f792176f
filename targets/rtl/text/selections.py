"""Moved values, largest values of windows and products as Verilog: a ROM says what each reads.

1. Every value that is written has as many words of the ROM as it reads values: the source, counted
   from 1, above the index in it. A word of 0 reads nothing: a zero, or padding.
2. Words follow one another, one a cycle: in the next cycle the value that a word names is read, and
   in the one after that it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Edge
from neurodeploy.program import MaxPool2d, Multiply, Selection
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from snncore.dynamics.printing.verilog import bits_of
from targets.rtl.text.layers import walk
from targets.rtl.text.memory import Memory
from targets.rtl.text.stages import Stage, edge_ports
from targets.rtl.text.words import Block, index_bits, module, width_of


def moved_stage(node: Selection, memory: Memory) -> Stage:
    """Return the stage of values that are moved."""
    moved = node.select(*_counted(node.sources, memory)).reshape(-1, 1)
    body = ["assign we = run && there;", "assign value = moved;"]
    return _gathered(node, memory, moved, body, [])


def largest_stage(node: MaxPool2d, memory: Memory) -> Stage:
    """Return the stage of the largest values of windows."""
    (image,) = _counted(node.sources, memory)
    windows = _windows(image[0], node, memory.program.shapes[node.name])
    value, taps = memory.values[node.name], windows.shape[1]
    bits = max(bits_of(value.interval), _moved_bits(node, memory))
    body = [
        f"reg [{index_bits(taps) - 1}:0] tap;",
        "reg first;",
        f"reg signed [{bits - 1}:0] most;",
        "wire larger = from != 0 && (first || moved > most);",
        f"wire signed [{bits - 1}:0] best = larger ? moved : most;",
        f"wire ends = tap == {taps - 1};",
        "assign we = run && there && ends;",
        "assign value = best;",
    ]
    steps = [
        "if (!run) begin tap <= 0; first <= 1; end",
        "else if (there) begin",
        "    tap <= ends ? 0 : tap + 1;",
        "    first <= ends || first && from == 0;",
        "    most <= best;",
        "end",
    ]
    return _gathered(node, memory, windows, body, steps)


def product_stage(node: Multiply, memory: Memory) -> Stage:
    """Return the stage of products, element by element."""
    if memory.shape(node.sources[0]) == memory.shape(node.sources[1]):
        second = "(2'sd1 - e1)" if node.complement else "e1"
        text = walk(node, memory, [], [f"assign value = e0 * {second};"])
        size = prod(memory.program.shapes[node.name])
        return Stage(node, memory, text, node.inputs, index_bits(size + 1))
    shape = memory.program.shapes[node.name]
    repeated = [
        np.broadcast_to(each[0], shape).reshape(-1) for each in _counted(node.sources, memory)
    ]
    bits = _moved_bits(node, memory)
    second = "(2'sd1 - moved)" if node.complement else "moved"
    body = [
        "reg second;",
        f"reg signed [{bits - 1}:0] factor;",
        "assign we = run && there && second;",
        f"assign value = factor * {second};",
    ]
    steps = [
        "if (!run) second <= 0;",
        "else if (there) begin second <= !second; factor <= moved; end",
    ]
    return _gathered(node, memory, np.stack(repeated, axis=1), body, steps)


def _offset(edges: Sequence[Edge], memory: Memory) -> int:
    """Return the width of an index into any of the sources."""
    return index_bits(max(prod(memory.shape(edge)) for edge in edges))


def _counted(edges: Sequence[Edge], memory: Memory) -> list[NDArray[np.int64]]:
    """Return the ROM's word for every value of every source, in its shape behind one axis."""
    bits = _offset(edges, memory)
    words = []
    for number, edge in enumerate(edges, start=1):
        shape = memory.shape(edge)
        words.append((np.arange(prod(shape)) + (number << bits)).reshape(1, *shape))
    return words


def _windows(image: NDArray[np.int64], node: MaxPool2d, shape: Sequence[int]) -> NDArray[np.int64]:
    """Return the words of every window, a row each; 0 beyond the image."""
    (top, left), (down, right) = node.padding, node.stride
    _, rows, columns = shape
    # Beyond the image on every side, as far as a window may reach.
    high, wide = down * rows + node.kernel[0], right * columns + node.kernel[1]
    padded = np.zeros((len(image), high + image.shape[1], wide + image.shape[2]), np.int64)
    padded[:, top : top + image.shape[1], left : left + image.shape[2]] = image
    taps = [
        padded[:, i : i + down * rows : down, j : j + right * columns : right]
        for i in range(node.kernel[0])
        for j in range(node.kernel[1])
    ]
    return np.stack([tap.reshape(-1) for tap in taps], axis=1)


def _moved_bits(node: Selection | Multiply, memory: Memory) -> int:
    total: Interval = ZERO
    for edge in node.sources:
        total = total.hull(memory.interval(edge))
    return bits_of(total)


def _gathered(
    node: Selection | Multiply,
    memory: Memory,
    words: NDArray[Any],
    body: Block,
    steps: Block,
) -> Stage:
    """Return the stage that reads the values that its ROM names, and what it does with each."""
    value, edges, number = memory.values[node.name], node.sources, memory.numbers[node.name]
    offset, bits, count = _offset(edges, memory), width_of(words), words.size
    name, counter, at = f"m{number}.hex", index_bits(count + 1), index_bits(value.size)
    sources = index_bits(len(edges) + 1)
    ports = ["input clk", "input run", "output finished", f"output [{offset - 1}:0] index"]
    ports += edge_ports(memory, edges)
    ports += [
        "output we",
        f"output reg [{at - 1}:0] at",
        f"output signed [{bits_of(value.interval) - 1}:0] value",
    ]
    chosen = "".join(f"from == {n} ? e{n - 1} : " for n in range(1, len(edges) + 1))
    lines = [
        f"reg [{counter - 1}:0] i;",
        "reg named, there;",
        f"reg [{sources - 1}:0] from;",
        f"wire [{index_bits(count) - 1}:0] place = i;",
        f"wire signed [{bits - 1}:0] word;",
        f'nd_rom #({bits}, {count}, {index_bits(count)}, "{name}") words(clk, place, word);',
        "assign index = word;",
        f"wire signed [{_moved_bits(node, memory) - 1}:0] moved = {chosen}1'sd0;",
        *body,
        f"assign finished = we && at == {value.size - 1};",
        "always @(posedge clk)",
        "    if (!run) begin i <= 0; named <= 0; there <= 0; at <= 0; end",
        "    else begin",
        f"        named <= i != {count};",
        "        there <= named;",
        f"        from <= word >>> {offset};",
        f"        if (i != {count}) i <= i + 1;",
        "        if (we) at <= at + 1;",
        "    end",
        *(["always @(posedge clk)", *(f"    {step}" for step in steps)] if steps else []),
    ]
    text = module(f"nd_node{number}", ports, lines)
    return Stage(node, memory, text, edges, offset, roms={name: words})
