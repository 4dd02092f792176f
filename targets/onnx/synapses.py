"""Weighted sums of integers by products of bytes, which every runtime adds exactly in 32 bits.

A weight is its common power of two times digits of eight bits with a sign, in base 256; so is a
value that no byte holds. One digit each is one MatMulInteger or ConvInteger; several are as many
of them, scaled and added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Conv2d, Dense
from neurodeploy.program.ranges import sum_range
from snncore.dynamics import Op
from snncore.dynamics.interval import ZERO, Interval
from targets.onnx.dialect import operation
from targets.onnx.types import BYTE, SMALL, WORD, Type, Value, arithmetic_type
from targets.onnx.writer import Writer

_ROWS = 64


@dataclass(frozen=True)
class WeightedSum:
    """A dense or convolutional layer, and what its input can be."""

    node: Dense | Conv2d
    source: Interval

    @cached_property
    def shift(self) -> int:
        """How many of the lowest bits no weight has."""
        seen = (
            int(np.bitwise_or.reduce(self.node.weight, axis=None)) if self.node.weight.size else 0
        )
        return (seen & -seen).bit_length() - 1 if seen else 0

    @cached_property
    def digits(self) -> tuple[NDArray[np.int8], ...]:
        """The weights' digits, lowest first, in the layout that the graph multiplies by."""
        weight = self.node.weight
        largest = Interval(int(weight.min(initial=0)), int(weight.max(initial=0)))
        count = digits_of(largest.map(lambda value: value >> self.shift))
        dense = isinstance(self.node, Dense)
        shape: tuple[int, ...] = weight.T.shape if dense else weight.shape
        parts: list[NDArray[np.int8]] = [np.empty(shape, np.int8) for _ in range(count)]
        for start in range(0, weight.shape[0], _ROWS):
            rows = weight[start : start + _ROWS] >> self.shift
            for part in parts:
                digit = rows.astype(np.int8)
                rows = (rows - digit) >> 8
                if dense:
                    part[:, start : start + _ROWS] = digit.T
                else:
                    part[start : start + _ROWS] = digit
        return tuple(parts)

    @property
    def source_digits(self) -> int:
        """How many bytes hold a value of the input."""
        return 1 if self.source.within(SMALL) else digits_of(self.source)

    def check(self) -> None:
        """Nothing if the sums stay within what the graph can add.

        Raises:
            DoesNotFitError: otherwise; names the layer.
        """
        for _, bound in self._products():
            if bound > WORD.high:
                raise DoesNotFitError(
                    f"{self.node.name}: {self.node.weight[0].size} products of bytes may need more "
                    "than 32 bits",
                    remedy="use a smaller fan-in, or smaller weights",
                )
        arithmetic_type(self._total())

    def write(self, writer: Writer, x: Value, weights: Sequence[Value]) -> Value:
        """The layer's value for rows of inputs."""
        sources = split(writer, x, self.source_digits)
        multiply = self._dense if isinstance(self.node, Dense) else self._conv
        total: Value | None = None
        kind = arithmetic_type(self._total())
        for i, source in enumerate(sources):
            for j, weight in enumerate(weights):
                product = writer.cast(multiply(writer, source, weight), kind)
                power = 1 << (8 * (i + j) + self.shift)
                if power > 1:
                    product = writer.node("Mul", [product, writer.constant(power, kind)], kind)
                total = product if total is None else writer.node("Add", [total, product], kind)
        assert total is not None
        return self._stored(writer, total)

    def _stored(self, writer: Writer, total: Value) -> Value:
        """The sum, shifted and in the width of the accumulator."""
        bound = sum_range(self.node, self.source)
        value = Value(total.name, total.type, bound)
        shift = self.node.shift if isinstance(self.node, Dense) else 0
        if shift:
            bound = bound.map(lambda each: each >> shift)
            value = operation(writer, Op.SHIFT_FLOOR, [value], shift, bound)
        wrapped = bound.wrapped(self.node.accumulator_bits)
        if wrapped != bound:
            value = operation(writer, Op.WRAP, [value], self.node.accumulator_bits, wrapped)
        return writer.cast(value, arithmetic_type(wrapped))

    @property
    def value(self) -> Interval:
        """What the layer's value can be."""
        bound = sum_range(self.node, self.source)
        if isinstance(self.node, Dense):
            shift = self.node.shift
            bound = bound.map(lambda each: each >> shift)
        return bound.wrapped(self.node.accumulator_bits)

    def _products(self) -> list[tuple[int, int]]:
        """For each product of digits the power of two it counts in, and how large it may be."""
        largest = [
            self.source.largest() if self.source_digits == 1 else 128
            for _ in range(self.source_digits)
        ]
        axes = 0 if isinstance(self.node, Dense) else (1, 2, 3)
        sums = [
            int(np.abs(digit.astype(np.int16)).sum(axis=axes, dtype=np.int64).max(initial=0))
            for digit in self.digits
        ]
        return [
            (8 * (i + j) + self.shift, x * w)
            for i, x in enumerate(largest)
            for j, w in enumerate(sums)
        ]

    def _total(self) -> Interval:
        """What the sum of all products can be while it is added up."""
        reach = sum(bound << power for power, bound in self._products())
        return Interval(-reach, reach).hull(ZERO)

    def _dense(self, writer: Writer, x: Value, weight: Value) -> Value:
        return writer.node("MatMulInteger", [x, weight], Type.INT32)

    def _conv(self, writer: Writer, x: Value, weight: Value) -> Value:
        node = self.node
        assert isinstance(node, Conv2d)
        (top, left), (height, width) = node.padding, node.weight.shape[2:]
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


def digits_of(interval: Interval) -> int:
    """How many digits from -128 to 127 in base 256 hold every integer of an interval."""
    count, reach = 1, BYTE
    while not interval.within(reach):
        low, high = 256 * reach.low - 128, 256 * reach.high + 127
        count, reach = count + 1, Interval(low, high)
    return count


def split(writer: Writer, x: Value, count: int) -> list[Value]:
    """The digits of a value, lowest first, as bytes."""
    if count == 1:
        small = x.interval.within(SMALL)
        return [writer.cast(x, Type.UINT8 if small else Type.INT8)]
    kind = arithmetic_type(x.interval.hull(Interval(x.interval.low, x.interval.high + 128)))
    rest, digits = writer.cast(x, kind), []
    half, mask, base = (writer.constant(value, kind) for value in (128, 255, 256))

    def node(op: str, *inputs: Value) -> Value:
        return writer.node(op, inputs, kind)

    for place in range(count):
        if place == count - 1:
            digits.append(writer.cast(rest, Type.INT8))
            break
        digit = node("Sub", node("BitwiseAnd", node("Add", rest, half), mask), half)
        digits.append(writer.cast(digit, Type.INT8))
        rest = node("Div", node("Sub", rest, digit), base)
    return digits
