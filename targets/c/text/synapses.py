"""Weights as C: events that scatter into sums, or a sum that gathers its events.

1. `scatter` adds every value of a source that is not zero, times its weights, to the sums of the
   layer that reads them. Weights stand by source, so that a row is what one event adds.
2. `gather` returns the sum of one output. Weights stand by output.
3. Sums that are shifted, or that their register may wrap, are always gathered: each is whole before
   it is shifted and stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge
from neurodeploy.program import Conv2d, Dense, Synapse
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from snncore.dynamics.printing.c99 import width_of
from targets.c.text.memory import Memory, Value
from targets.c.text.words import Block, array_lines, function, indented, loop


@dataclass(frozen=True)
class Weights:
    """A layer of weights in a program's memory."""

    node: Synapse
    memory: Memory
    # Whether its events scatter, as far as that is exact.
    by_event: bool

    @property
    def number(self) -> int:
        """The number of the node."""
        return self.memory.numbers[self.node.name]

    @cached_property
    def total(self) -> Interval:
        """The range of every sum on the way, in whatever order it is added up."""
        return self.node.sum_range(self.source.hull(ZERO))

    @property
    def source(self) -> Interval:
        """The range of the values that are weighed."""
        return self.memory.interval(self.node.source)

    @property
    def shift(self) -> int:
        """The bits that sums are shifted down by."""
        return self.node.shift if isinstance(self.node, Dense) else 0

    @cached_property
    def is_stored_plainly(self) -> bool:
        """Whether the register holds every sum as it is."""
        bits = self.node.accumulator_bits
        return not self.shift and self.total.within(_register(bits))

    @property
    def scatters(self) -> bool:
        """Whether events add to the sums of the reader."""
        return self.by_event and self.is_stored_plainly and self.node.name in self.memory.fused

    @property
    def result(self) -> Interval:
        """The range of what a reader gets, and of the sums on the way if they are scattered."""
        stored = self.memory.ranges.values[self.node.name].hull(ZERO)
        return self.total.hull(stored) if self.is_stored_plainly else stored

    @property
    def width(self) -> int:
        """The width in which a sum is gathered."""
        register = self.node.accumulator_bits
        reach = self.total
        if not reach.within(_register(register)):
            # A wrap adds half of its range first.
            half = 1 << (register - 1)
            reach = reach.hull(reach + Interval(0, half)).hull(Interval(0, 2 * half - 1))
        if self.shift:
            reach = reach.hull(Interval(-len(self.node.sources), 1 << self.shift))
        return width_of(reach, (32, 64))

    @property
    def delays(self) -> NDArray[np.int64] | None:
        """The delay of every weight, if they differ."""
        return self.node.delays if isinstance(self.node, Dense) else None

    @property
    def product_type(self) -> str:
        """The type in which a value is multiplied by a weight."""
        weight = self.node.narrow_weight
        low, high = int(weight.min(initial=0)), int(weight.max(initial=0))
        reach = (self.source * Interval(low, high)).hull(self.source).hull(self.total)
        return f"int{width_of(reach, (32, 64))}_t"

    def arrays(self) -> Block:
        """Return the constant arrays: weights, and their delays."""
        lines = [*array_lines(f"w{self.number}", self._arranged())]
        if self.delays is not None:
            late = self.delays.T if self.scatters else self.delays
            lines += array_lines(f"d{self.number}", np.asarray(late))
        return [*lines, ""]

    def _arranged(self) -> NDArray[Any]:
        return _BY_SOURCE(self.node) if self.scatters else self.node.narrow_weight

    def scatter(self, kind: str) -> Block:
        """Return the function that adds a source's events to sums of this type."""
        return _SCATTER(self.node, self, kind)

    def calls(self, sums: str) -> Block:
        """Return the lines that scatter every slot of the source."""
        lines = []
        for edge in self.node.sources:
            _, pointer = self.memory.value(edge)
            late = f", {edge.delay - self.node.source.delay}" if self.delays is not None else ""
            lines.append(f"scatter{self.number}({sums}, {pointer}{late});")
        return lines

    def gather(self) -> Block:
        """Return the function that gives the sum of one output, shifted and stored."""
        lines: Block = []
        if self.is_stored_plainly and len(self.node.sources) == 1:
            return self._gather_one(f"sum{self.number}")
        lines += self._gather_one(f"part{self.number}")
        kind = f"int{self.width}_t"
        body = [f"{kind} total = 0;", f"{kind} part;"]
        for edge in self.node.sources:
            body += [f"part = part{self.number}({self._arguments(edge)}, i);", *self._shifted()]
        body.append(f"return {self._wrapped('total')};")
        return [
            *lines,
            *function(f"static {kind} sum{self.number}(const nd_network *n, int32_t i)", (), body),
        ]

    def gathered(self, index: str) -> str:
        """Return the expression of one output's sum."""
        if self.is_stored_plainly and len(self.node.sources) == 1:
            return f"sum{self.number}({self._arguments(self.node.sources[0])}, {index})"
        return f"sum{self.number}(n, {index})"

    def _arguments(self, edge: Edge) -> str:
        _, pointer = self.memory.value(edge)
        late = f", {edge.delay - self.node.source.delay}" if self.delays is not None else ""
        return f"{pointer}{late}"

    def _gather_one(self, name: str) -> Block:
        return _GATHER(self.node, self, name)

    def _shifted(self) -> Block:
        if not self.shift:
            return ["total += part;"]
        return [f"total += part >= 0 ? part >> {self.shift} : ~(~part >> {self.shift});"]

    def _wrapped(self, value: str) -> str:
        bits = self.node.accumulator_bits
        if self.memory_range_is_stored():
            return value
        suffix = (lambda x: f"INT64_C({x})") if self.width == 64 else str
        half, mask = 1 << (bits - 1), (1 << bits) - 1
        return f"(({value} + {suffix(half)}) & {suffix(mask)}) - {suffix(half)}"

    def memory_range_is_stored(self) -> bool:
        """Return whether the register holds every sum after its shift."""
        total = self.total
        if self.shift:
            total = total.map(lambda value: value >> self.shift)
            total = Interval(total.low - len(self.node.sources) + 1, total.high)
        return total.within(_register(self.node.accumulator_bits))

    def head(self, name: str, kind: str) -> str:
        """Return the head of a function over one slot of the source."""
        value = self.slot
        late = ", int32_t late" if self.delays is not None else ""
        if name.startswith("scatter"):
            return f"static void {name}({kind} *sums, const {value.type} *source{late})"
        return f"static {kind} {name}(const {value.type} *source{late}, int32_t i)"

    @property
    def slot(self) -> Value:
        """The value that is weighed."""
        return self.memory.value(self.node.source)[0]


def _register(bits: int) -> Interval:
    return Interval(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


# The weights of a kind in the order in which events add them up: by source.
_BY_SOURCE = KindTable[[], NDArray[Any]]("the C of weights")


@_BY_SOURCE.register(Dense)
def _dense_by_source(node: Dense) -> NDArray[Any]:
    return node.narrow_weight.T


@_BY_SOURCE.register(Conv2d)
def _conv_by_source(node: Conv2d) -> NDArray[Any]:
    outputs, inputs, height, width = node.narrow_weight.shape
    each = outputs // node.groups
    grouped = node.narrow_weight.reshape(node.groups, each, inputs, height, width)
    return grouped.transpose(0, 2, 3, 4, 1)


# The function that scatters the events of a kind of weights.
_SCATTER = KindTable[[Weights, str], Block]("the C of events")
# The function that gathers one sum of a kind of weights.
_GATHER = KindTable[[Weights, str], Block]("the C of sums")


@_SCATTER.register(Dense)
def _scatter_dense(node: Dense, weights: Weights, kind: str) -> Block:
    outputs, inputs = node.narrow_weight.shape
    number = weights.number
    width = integer_width_of(node)
    row = [f"const int{width}_t *row = w{number} + j * {outputs};"]
    condition = ""
    if weights.delays is not None:
        row.append(f"const {_delay_type(weights)} *delay = d{number} + j * {outputs};")
        condition = "if (delay[i] == late) "
    body = [*row, *loop("i", outputs, [condition + _add("sums[i]", "row[i]", kind, weights)])]
    return function(
        weights.head(f"scatter{number}", kind), ("i", "j"), _events(weights, inputs, body)
    )


@_SCATTER.register(Conv2d)
def _scatter_conv(node: Conv2d, weights: Weights, kind: str) -> Block:
    channels, rows, columns = weights.memory.shape(node.source)
    outputs, inputs, high, wide = node.narrow_weight.shape
    (top, left), (down, right), (apart_y, apart_x) = node.padding, node.stride, node.dilation
    _, out_rows, out_columns = weights.memory.program.shapes[node.name]
    each, number = outputs // node.groups, weights.number
    group = f" + j / {inputs * rows * columns} * {each}" if node.groups > 1 else ""
    width = integer_width_of(node)
    landed = f"{_divided('y', down)} * {out_columns} + {_divided('x', right)}"
    inner = [
        f"const int32_t x = column - q * {apart_x};",
        *_landed("x", right, out_columns),
        f"row = w{number} + ((j / {rows * columns} * {high} + p) * {wide} + q) * {each};",
        f"sum = sums + ({landed}) * {outputs}{group};",
        *loop("i", each, [_add("sum[i]", "row[i]", kind, weights)]),
    ]
    body = [
        f"const int32_t line = j % {rows * columns} / {columns} + {top};",
        f"const int32_t column = j % {columns} + {left};",
        f"const int{width}_t *row;",
        f"{kind} *sum;",
        *loop(
            "p",
            high,
            [
                f"const int32_t y = line - p * {apart_y};",
                *_landed("y", down, out_rows),
                *loop("q", wide, inner),
            ],
        ),
    ]
    return function(
        weights.head(f"scatter{number}", kind),
        ("i", "j", "p", "q"),
        _events(weights, channels * rows * columns, body),
    )


def _landed(axis: str, step: int, length: int) -> Block:
    """Return the lines that leave out a position with no output."""
    conditions = [f"{axis} < 0", f"{axis} >= {length * step}"]
    if step > 1:
        conditions.append(f"{axis} % {step}")
    return [f"if ({' || '.join(conditions)}) continue;"]


def _divided(axis: str, step: int) -> str:
    return axis if step == 1 else f"{axis} / {step}"


def _events(weights: Weights, count: int, body: Block) -> Block:
    """Return the walk over the values of a source that are not zero: j, and its value."""
    value = weights.slot
    if not value.is_bits:
        product = weights.product_type
        skip = [f"const {product} value = source[j];", "if (value == 0) continue;"]
        return loop("j", count, [*skip, *body])
    declared = ["int32_t k;"]
    taken = ["j = k * 32 + nd_lowest(word);", "word &= word - 1;"]
    walk = ["uint32_t word = source[k];", "while (word) {", *indented([*taken, *body]), "}"]
    return [*declared, *loop("k", value.words, walk)]


def _add(total: str, weight: str, kind: str, weights: Weights) -> str:
    """Return the line that adds one weight, times the value of the event."""
    if not weights.slot.is_bits:
        weight = f"value * {weight}"
    narrow = kind in ("int8_t", "int16_t") or kind != weights.product_type
    if narrow:
        return f"{total} = ({kind})({total} + {weight});"
    return f"{total} += {weight};"


@_GATHER.register(Dense)
def _gather_dense(node: Dense, weights: Weights, name: str) -> Block:
    _, inputs = node.narrow_weight.shape
    kind, number = f"int{weights.width}_t", weights.number
    condition = ""
    delays: Block = []
    if weights.delays is not None:
        condition = "if (delay[j] == late) "
        delays = [f"const {_delay_type(weights)} *delay = d{number} + i * {inputs};"]
    add = condition + _add("sum", "row[j]", kind, weights)
    body = [
        f"const int{integer_width_of(node)}_t *row = w{number} + i * {inputs};",
        *delays,
        f"{kind} sum = 0;",
        *_events(weights, inputs, [add]),
        "return sum;",
    ]
    return function(weights.head(name, kind), ("j",), body)


@_GATHER.register(Conv2d)
def _gather_conv(node: Conv2d, weights: Weights, name: str) -> Block:
    _, rows, columns = weights.memory.shape(node.source)
    outputs, inputs, high, wide = node.narrow_weight.shape
    (top, left), (down, right), (apart_y, apart_x) = node.padding, node.stride, node.dilation
    _, out_rows, out_columns = weights.memory.program.shapes[node.name]
    kind, number, value = f"int{weights.width}_t", weights.number, weights.slot
    pixels, each = out_rows * out_columns, outputs // node.groups
    first = f"(i / {pixels * each} * {inputs} + c)" if node.groups > 1 else "c"
    index = f"({first} * {rows} + y) * {columns} + x"
    add = [f"if (x < 0 || x >= {columns}) continue;"]
    if value.is_bits:
        add += [f"if (ND_BIT(source, {index})) {_add('sum', '*at', kind, weights)}"]
    else:
        add += [
            f"value = source[{index}];",
            _add("sum", "*at", kind, weights),
        ]
    column = f"const int32_t x = i % {out_columns} * {right} + q * {apart_x} - {left};"
    line = f"const int32_t y = i % {pixels} / {out_columns} * {down} + p * {apart_y} - {top};"
    width = integer_width_of(node)
    at = f"at = w{number} + ((i / {pixels} * {inputs} + c) * {high} + p) * {wide} + q;"
    body = [
        f"const int{width}_t *at;",
        *([] if value.is_bits else [f"{weights.product_type} value;"]),
        f"{kind} sum = 0;",
        *loop(
            "c",
            inputs,
            loop(
                "p",
                high,
                [
                    line,
                    f"if (y < 0 || y >= {rows}) continue;",
                    *loop("q", wide, [column, at, *add]),
                ],
            ),
        ),
        "return sum;",
    ]
    return function(weights.head(name, kind), ("c", "p", "q"), body)


def integer_width_of(node: Synapse) -> int:
    """Return the width in which the weights are stored."""
    weight = node.narrow_weight
    low, high = int(weight.min(initial=0)), int(weight.max(initial=0))
    return width_of(Interval(low, high))


def _delay_type(weights: Weights) -> str:
    delays = weights.delays
    assert delays is not None
    return f"int{width_of(Interval(0, int(delays.max())))}_t"
