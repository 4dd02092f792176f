"""Weighted sums of integers by products of bytes, which every runtime adds exactly in 32 bits.

A weight is its common power of two times digits of eight bits with a sign, in base 256; so is a
value that no byte holds. One digit each is one MatMulInteger or ConvInteger; several are as many
of them, scaled and added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.narrow import row_pieces
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Conv2d, Dense, NarrowIntegers, Synapse
from snncore.dynamics import Op
from snncore.dynamics.arithmetic.interval import Interval
from targets.onnx.writing.dialect import operation
from targets.onnx.writing.types import BYTE, SMALL, WORD, Type, Value, arithmetic_type
from targets.onnx.writing.writer import Writer

_ROWS = 64


@dataclass(frozen=True)
class WeightedSum:
    """A dense or convolutional layer, and the range of its input."""

    node: Synapse
    source: Interval

    @cached_property
    def form(self) -> _Form:
        """The operation of this kind of weights."""
        return _FORM(self.node)

    @cached_property
    def parts(self) -> tuple[NarrowIntegers, ...]:
        """The weights that read each source: one matrix for each delay."""
        return tuple(weight for _, weight in self.node.delayed_weights)

    @cached_property
    def power(self) -> int:
        """The power of two that all weights have in common."""
        weight = self.node.narrow_weight
        seen = int(np.bitwise_or.reduce(weight, axis=None)) if weight.size else 0
        return (seen & -seen).bit_length() - 1 if seen else 0

    @cached_property
    def digits(self) -> tuple[tuple[NDArray[np.int8], ...], ...]:
        """For each source, the weights' digits, lowest first, as the graph multiplies by them."""
        weight = self.node.narrow_weight
        largest = Interval(int(weight.min(initial=0)), int(weight.max(initial=0)))
        count = digits_of(largest.map(lambda value: value >> self.power))
        dense = self.form.dense
        return tuple(_split_weights(part, count, self.power, dense) for part in self.parts)

    @property
    def source_digits(self) -> int:
        """The number of bytes of an input value."""
        return 1 if self.source.within(SMALL) else digits_of(self.source)

    @cached_property
    def total(self) -> Interval:
        """The range of the sum before it is stored."""
        bound = self.node.sum_range(self.source)
        if self.form.shift:
            shift = self.form.shift
            bound = bound.map(lambda each: each >> shift)
            # Each source's sum is cut down by itself.
            bound = Interval(bound.low - len(self.parts) + 1, bound.high)
        return bound

    @property
    def value(self) -> Interval:
        """The range of the layer's value."""
        return self.total.wrapped(self.node.accumulator_bits)

    def check(self) -> None:
        """Check that the graph can add the sums exactly.

        Raises:
            DoesNotFitError: otherwise; names the layer.
        """
        if any(bound > WORD.high for _, bound in self._products):
            raise DoesNotFitError(
                f"{self.node.name}: {self.node.narrow_weight[0].size} products of bytes may need "
                "more than 32 bits",
                remedy="use a smaller fan-in, or smaller weights",
            )
        arithmetic_type(self._reach)

    def write(self, writer: Writer, sources: Sequence[Value], weights: Sequence[Value]) -> Value:
        """Return the layer's value for rows of inputs, of one source or one per delay."""
        count = len(weights) // len(sources)
        sums = [
            self._shifted(writer, self._sum(writer, x, weights[n * count : (n + 1) * count]))
            for n, x in enumerate(sources)
        ]
        total = sums[0]
        for each in sums[1:]:
            total = writer.node("Add", [total, each], total.type, self._reach)
        value = Value(total.name, total.type, self.total)
        if self.value != self.total:
            bits = self.node.accumulator_bits
            value = operation(writer, Op.WRAP, [value], bits, self.value)
        return writer.cast(value, arithmetic_type(self.value))

    def _sum(self, writer: Writer, x: Value, weights: Sequence[Value]) -> Value:
        """Return the weighted sum of one source."""
        multiply = self.form.multiply
        kind, total = arithmetic_type(self._reach), None
        for i, digit in enumerate(split(writer, x, self.source_digits)):
            for j, weight in enumerate(weights):
                product = writer.cast(multiply(writer, digit, weight), kind)
                power = 1 << (8 * (i + j) + self.power)
                if power > 1:
                    product = writer.node("Mul", [product, writer.constant(power, kind)], kind)
                total = product if total is None else writer.node("Add", [total, product], kind)
        assert total is not None
        return Value(total.name, total.type, self._reach)

    def _shifted(self, writer: Writer, total: Value) -> Value:
        shift = self.form.shift
        if not shift:
            return total
        bound = total.interval.map(lambda each: each >> shift)
        return operation(writer, Op.SHIFT_FLOOR, [total], shift, bound)

    @cached_property
    def _products(self) -> list[tuple[int, int]]:
        """For each product of digits the power of two it counts in, and how large it may be."""
        largest = self.source.largest() if self.source_digits == 1 else 128
        dense = self.form.dense
        sums = [
            (j, _most(digit, dense)) for digits in self.digits for j, digit in enumerate(digits)
        ]
        return [
            (8 * (i + j) + self.power, largest * bound)
            for i in range(self.source_digits)
            for j, bound in sums
        ]

    @cached_property
    def _reach(self) -> Interval:
        """The range of the sum of all products while it is added up."""
        reach = sum(bound << power for power, bound in self._products)
        return Interval(-reach, reach)


@dataclass(frozen=True)
class _Form:
    """The operation that multiplies digits, and what follows it."""

    # Whether the weights stand as a matrix that rows are multiplied by.
    dense: bool
    # The bits that every source's sum is shifted by.
    shift: int
    multiply: Callable[[Writer, Value, Value], Value]


_FORM = KindTable[[], _Form]("ONNX's weighted sums")


@_FORM.register(Dense)
def _dense(node: Dense) -> _Form:
    return _Form(True, node.shift, lambda w, x, y: w.node("MatMulInteger", [x, y], Type.INT32))


@_FORM.register(Conv2d)
def _kernel(node: Conv2d) -> _Form:
    (top, left), (height, width) = node.padding, node.kernel

    def multiply(writer: Writer, x: Value, weight: Value) -> Value:
        return writer.node(
            "ConvInteger",
            [x, weight],
            Type.INT32,
            dilations=list(node.dilation),
            group=node.groups,
            kernel_shape=[height, width],
            pads=[top, left, top, left],
            strides=list(node.stride),
        )

    return _Form(False, 0, multiply)


def _split_weights(
    weight: NarrowIntegers, count: int, power: int, dense: bool
) -> tuple[NDArray[np.int8], ...]:
    """Return weights as digits; dense ones as a matrix that rows are multiplied by."""
    shape: tuple[int, ...] = weight.T.shape if dense else weight.shape
    digits = tuple(np.empty(shape, np.int8) for _ in range(count))
    for start in range(0, weight.shape[0], _ROWS):
        rows = weight[start : start + _ROWS].astype(np.int64) >> power
        for digit in digits:
            lowest = rows.astype(np.int8)
            rows = (rows - lowest) >> 8
            if dense:
                digit[:, start : start + _ROWS] = lowest.T
            else:
                digit[start : start + _ROWS] = lowest
    return digits


def _most(digit: NDArray[np.int8], dense: bool) -> int:
    """Return the largest sum of magnitudes that reaches one output."""
    total = np.zeros(digit.shape[1] if dense else len(digit), dtype=np.int64)
    for rows in row_pieces(digit):
        sizes = np.abs(digit[rows].astype(np.int16))
        if dense:
            total += sizes.sum(axis=0, dtype=np.int64)
        else:
            total[rows] = sizes.sum(axis=(1, 2, 3), dtype=np.int64)
    return int(total.max(initial=0))


def digits_of(interval: Interval) -> int:
    """Return how many digits from -128 to 127 in base 256 hold every integer of an interval."""
    count, reach = 1, BYTE
    while not interval.within(reach):
        low, high = 256 * reach.low - 128, 256 * reach.high + 127
        count, reach = count + 1, Interval(low, high)
    return count


def split(writer: Writer, x: Value, count: int) -> list[Value]:
    """Return the digits of a value, lowest first, as bytes."""
    if count == 1:
        small = x.interval.within(SMALL)
        return [writer.cast(x, Type.UINT8 if small else Type.INT8)]
    kind = arithmetic_type(x.interval.hull(Interval(x.interval.low, x.interval.high + 128)))
    rest, digits = writer.cast(x, kind), []
    half, mask, base = (writer.constant(value, kind) for value in (128, 255, 256))

    def node(op: str, *inputs: Value) -> Value:
        return writer.node(op, inputs, kind)

    for position in range(count):
        if position == count - 1:
            digits.append(writer.cast(rest, Type.INT8))
            break
        digit = node("Sub", node("BitwiseAnd", node("Add", rest, half), mask), half)
        digits.append(writer.cast(digit, Type.INT8))
        rest = node("Div", node("Sub", rest, digit), base)
    return digits
