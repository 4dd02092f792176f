"""Nodes without states as C: the input, values that are moved, sums, products and largest values.

Each is one function of loops that writes the node's value into its slot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge, Pair, Shape
from neurodeploy.program import (
    Add,
    Attention,
    Concat,
    Flatten,
    Input,
    MaxPool2d,
    Multiply,
    Node,
    Permute,
    Reshape,
    Slice,
    SumPool2d,
    Synapse,
    Upsample,
)
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.printing.c99 import number, width_of
from targets.c.text.memory import Memory, Value
from targets.c.text.synapses import Weights
from targets.c.text.words import Block, function, index_of, loop, nested, strides_of

# The function of a node, given its place in memory; none where its value has another name.
node_lines = KindTable[[Memory], Block]("the C of nodes without states")


def _written(node: Node, memory: Memory, indices: Sequence[str], body: Iterable[str]) -> Block:
    """Return a node's function, whose body writes to `out`."""
    value, lines = memory.values[node.name], [*body]
    head = f"static void node{memory.numbers[node.name]}(nd_network *n, const int32_t *input)"
    return function(
        head,
        list(dict.fromkeys(["i", *indices])),
        ["(void)input;", f"{value.type} *out = {value.pointer()};", *_cleared(value), *lines],
    )


def _cleared(value: Value, *, always: bool = False) -> Block:
    """Return the loop that clears bits before they are put."""
    if value.is_bits or always:
        return loop("i", value.words, ["out[i] = 0;"])
    return ["(void)i;"]


def _source(memory: Memory, edge: Edge, name: str) -> tuple[Value, str]:
    """Return an edge's value, and the line that declares its pointer."""
    value, pointer = memory.value(edge)
    return value, f"const {value.type} *{name} = {pointer};"


@node_lines.register(Input)
def _input(node: Input, memory: Memory) -> Block:
    """Return the function that copies the samples; what is out of range is brought into it."""
    value = memory.values[node.name]
    if value.is_bits:
        body = [value.write("out", "i", "input[i] != 0")]
    else:
        low, high = (number(end, 32) for end in (value.interval.low, value.interval.high))
        clipped = f"input[i] < {low} ? {low} : (input[i] > {high} ? {high} : input[i])"
        body = [value.write("out", "i", clipped)]
    return _written(node, memory, (), loop("i", value.size, body))


@node_lines.register(Flatten, Reshape)
def _renamed(node: Node, memory: Memory) -> Block:
    """Return nothing: the value is that of the source."""
    return []


@node_lines.register(Synapse)
def _weighted(node: Synapse, memory: Memory) -> Block:
    """Return the function of weights that have a value of their own."""
    if node.name in memory.fused:
        return []
    weights, value = Weights(node, memory, by_event=False), memory.values[node.name]
    body = [value.write("out", "i", weights.gathered("i"))]
    return _written(node, memory, (), loop("i", value.size, body))


def _moved(
    node: Node,
    memory: Memory,
    edge: Edge,
    lengths: Shape,
    reads: tuple[Sequence[int], int],
    writes: tuple[Sequence[int], int],
) -> Block:
    """Return the loops that move a source's values: strides and start, there and here."""
    value = memory.values[node.name]
    source, line = _source(memory, edge, "source")
    axes = [axis for axis, length in enumerate(lengths) if length > 1]
    indices = [f"i{axis}" for axis in axes]
    there = index_of([(f"i{a}", reads[0][a]) for a in axes], reads[1])
    here = index_of([(f"i{a}", writes[0][a]) for a in axes], writes[1])
    body = [value.write("out", here, source.read("source", there))]
    counts = [(name, lengths[axis]) for name, axis in zip(indices, axes, strict=True)]
    declared = [f"int32_t {', '.join(indices)};"] if indices else []
    return ["{", *(f"    {each}" for each in [*declared, line, *nested(counts, body)]), "}"]


@node_lines.register(Permute)
def _permuted(node: Permute, memory: Memory) -> Block:
    before = strides_of(memory.shape(node.source))
    shape = memory.program.shapes[node.name]
    reads = [before[axis] for axis in node.order]
    moved = _moved(node, memory, node.source, shape, (reads, 0), (strides_of(shape), 0))
    return _written(node, memory, (), moved)


@node_lines.register(Slice)
def _sliced(node: Slice, memory: Memory) -> Block:
    before = strides_of(memory.shape(node.source))
    shape = memory.program.shapes[node.name]
    reads = [s * (node.step if axis == node.axis else 1) for axis, s in enumerate(before)]
    first = node.start * before[node.axis]
    moved = _moved(node, memory, node.source, shape, (reads, first), (strides_of(shape), 0))
    return _written(node, memory, (), moved)


@node_lines.register(Concat)
def _joined(node: Concat, memory: Memory) -> Block:
    here = strides_of(memory.program.shapes[node.name])
    body, first = [], 0
    for edge in node.sources:
        shape = memory.shape(edge)
        body += _moved(
            node, memory, edge, shape, (strides_of(shape), 0), (here, first * here[node.axis])
        )
        first += shape[node.axis]
    return _written(node, memory, (), body)


@node_lines.register(Upsample)
def _upsampled(node: Upsample, memory: Memory) -> Block:
    before, shape = memory.shape(node.source), memory.program.shapes[node.name]
    there, here = strides_of(before), strides_of(shape)
    value = memory.values[node.name]
    if node.zeros:
        writes = [step * factor for step, factor in zip(here, node.factors, strict=True)]
        moved = _moved(node, memory, node.source, before, (there, 0), (writes, 0))
        cleared = [] if value.is_bits else _cleared(value, always=True)
        return _written(node, memory, (), [*cleared, *moved])
    lengths, reads, steps = [], [], []
    for axis, factor in enumerate(node.factors):
        lengths += [before[axis], factor]
        reads += [there[axis], 0]
        steps += [here[axis] * factor, here[axis]]
    moved = _moved(node, memory, node.source, tuple(lengths), (reads, 0), (steps, 0))
    return _written(node, memory, (), moved)


def _windows(
    node: Node,
    memory: Memory,
    edge: Edge,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    inner: Callable[[str], Block],
    first: str,
) -> Block:
    """Return loops over the windows of an image; `inner` takes in one value of a window."""
    channels, rows, columns = memory.shape(edge)
    value = memory.values[node.name]
    _, out_rows, out_columns = value.shape
    source, line = _source(memory, edge, "source")
    read = source.read("source", f"(c * {rows} + line) * {columns} + column")
    pixel = [
        f"const int32_t column = x * {stride[1]} + q - {padding[1]};",
        f"if (column < 0 || column >= {columns}) continue;",
        *inner(read),
    ]
    window = loop(
        "p",
        kernel[0],
        [
            f"const int32_t line = y * {stride[0]} + p - {padding[0]};",
            f"if (line < 0 || line >= {rows}) continue;",
            *loop("q", kernel[1], pixel),
        ],
    )
    kind = f"int{width_of(value.interval.hull(source.interval), (32, 64))}_t"
    index = f"(c * {out_rows} + y) * {out_columns} + x"
    body = [f"{kind} total = {first};", *window, value.write("out", index, "total")]
    counts = [("c", channels), ("y", out_rows), ("x", out_columns)]
    return _written(node, memory, ("c", "y", "x", "p", "q"), [line, *nested(counts, body)])


@node_lines.register(MaxPool2d)
def _largest(node: MaxPool2d, memory: Memory) -> Block:
    bound = memory.interval(node.source)
    lowest = number(bound.low, width_of(bound, (32, 64)))

    def inner(read: str) -> Block:
        return [f"if ({read} > total) total = {read};"]

    windows = (node.kernel, node.stride, node.padding)
    return _windows(node, memory, node.source, *windows, inner, lowest)


@node_lines.register(SumPool2d)
def _summed(node: SumPool2d, memory: Memory) -> Block:
    windows = (node.kernel, node.stride, (0, 0))
    return _windows(node, memory, node.inputs[0], *windows, lambda read: [f"total += {read};"], "0")


@node_lines.register(Add)
def _added(node: Add, memory: Memory) -> Block:
    value, lines, terms = memory.values[node.name], [], []
    bits = _width(memory, node, value.interval)
    for position, edge in enumerate(node.inputs):
        source, line = _source(memory, edge, f"source{position}")
        lines.append(line)
        terms.append(f"(int{bits}_t){source.read(f'source{position}', 'i')}")
    body = [value.write("out", "i", " + ".join(terms))]
    return _written(node, memory, (), [*lines, *loop("i", value.size, body)])


@node_lines.register(Multiply)
def _multiplied(node: Multiply, memory: Memory) -> Block:
    value, shape = memory.values[node.name], memory.program.shapes[node.name]
    bits = _width(memory, node, value.interval)
    axes = [axis for axis, length in enumerate(shape) if length > 1]
    lines, factors = [], []
    for position, edge in enumerate(node.inputs):
        source, line = _source(memory, edge, f"source{position}")
        lines.append(line)
        lengths = memory.shape(edge)
        steps = strides_of(lengths)
        index = index_of([(f"i{a}", steps[a] if lengths[a] > 1 else 0) for a in axes])
        factors.append(f"(int{bits}_t){source.read(f'source{position}', index)}")
    if node.complement:
        factors[1] = f"(1 - {factors[1]})"
    here = index_of([(f"i{a}", strides_of(shape)[a]) for a in axes])
    body = [value.write("out", here, " * ".join(factors))]
    counts = [(f"i{a}", shape[a]) for a in axes]
    return _written(node, memory, [name for name, _ in counts], [*lines, *nested(counts, body)])


@node_lines.register(Attention)
def _attended(node: Attention, memory: Memory) -> Block:
    """Return values times keys, then times queries, a row of the first product at a time."""
    value, shape = memory.values[node.name], memory.program.shapes[node.name]
    width, tokens = shape[0] // node.heads, prod(shape[1:])
    _, key, values = (memory.interval(edge) for edge in node.inputs)
    met = key * values * Interval(tokens, tokens)
    kind = f"int{_width(memory, node, value.interval.hull(met))}_t"
    lines, reads = [], {}
    for name, row, edge in zip(("query", "key", "value"), "dde", node.inputs, strict=True):
        source, line = _source(memory, edge, name)
        lines.append(line)
        index = f"(h * {width} + {row}) * {tokens} + t"
        reads[name] = f"({kind}){source.read(name, index)}"
    products = [
        "met = 0;",
        *loop("t", tokens, [f"met += {reads['value']} * {reads['key']};"]),
        "if (met == 0) continue;",
        *loop("t", tokens, [f"total[t] += met * {reads['query']};"]),
    ]
    written = value.write("out", f"(h * {width} + e) * {tokens} + t", "total[t]")
    body = [
        *loop("t", tokens, ["total[t] = 0;"]),
        *loop("d", width, products),
        *loop("t", tokens, [written]),
    ]
    lines += [f"{kind} total[{tokens}];", f"{kind} met;"]
    lines += nested([("h", node.heads), ("e", width)], body)
    return _written(node, memory, ("h", "e", "d", "t"), lines)


def _width(memory: Memory, node: Node, interval: Interval) -> int:
    """Return the width in which values of a node's sources are added or multiplied."""
    reach = interval
    for edge in node.sources:
        source = memory.interval(edge)
        reach = reach.hull(source).hull(Interval(1, 1) - source)
    return width_of(reach, (32, 64))
