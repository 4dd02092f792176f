"""The words of selections, sums and products as nodes of a graph, on rows of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from neurodeploy.data.structure import Shape
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from targets.onnx.writing.types import SMALL, Type, Value, arithmetic_type
from targets.onnx.writing.writer import Writer

# Runtimes confuse a function of ours with an operation of theirs that has its name.
_OPERATIONS = ("Add", "Attention", "Concat", "Reshape", "Slice", "Upsample")


def function_name(kind: str) -> str:
    """Return the name of the function for a kind of node."""
    return f"Sample{kind}" if kind in _OPERATIONS else kind


_ONE = Interval(1, 1)


@dataclass(frozen=True)
class MovingWords:
    """Words on values whose first axis is that of the rows."""

    writer: Writer

    def reshape(self, x: Value, shape: Shape) -> Value:
        """Return the values in C order in another shape."""
        return self._node("Reshape", x, self._numbers(-1, *shape))

    def permute(self, x: Value, order: Sequence[int]) -> Value:
        """Return the values with the axes in this order."""
        perm = [0, *(axis + 1 for axis in order)]
        return self.writer.node("Transpose", [x], x.type, x.interval, perm=perm)

    def slice(self, x: Value, axis: int, part: slice) -> Value:
        """Return a part of an axis."""
        places = (part.start, part.stop, axis + 1, part.step)
        return self._node("Slice", x, *(self._numbers(number) for number in places))

    def concat(self, values: Sequence[Value], axis: int) -> Value:
        """Return several values of one type, one after another along an axis."""
        interval = reduce(Interval.hull, (value.interval for value in values))
        return self.writer.node("Concat", values, values[0].type, interval, axis=axis + 1)

    def pad(self, x: Value, axis: int, count: int) -> Value:
        """Return the values and so many zeros behind them along an axis."""
        zero = self.writer.constant(0, x.type)
        places = (self._numbers(0, count), zero, self._numbers(axis + 1))
        padded = self._node("Pad", x, *places)
        return Value(padded.name, padded.type, x.interval.hull(ZERO))

    def _node(self, op: str, x: Value, *places: Value) -> Value:
        return self.writer.node(op, [x, *places], x.type, x.interval)

    def _numbers(self, *numbers: int) -> Value:
        return self.writer.constant(list(numbers), Type.INT64)


@dataclass(frozen=True)
class ArithmeticWords(MovingWords):
    """Words on integers, each sum and product in a type that holds it."""

    def add(self, x: Value, y: Value) -> Value:
        """Return the sum of each pair."""
        return self._arithmetic("Add", x, y, x.interval + y.interval)

    def multiply(self, x: Value, y: Value) -> Value:
        """Return the product of each pair; an axis of length one is repeated."""
        return self._arithmetic("Mul", x, y, x.interval * y.interval)

    def complement(self, x: Value) -> Value:
        """Return one minus each value."""
        return self._arithmetic("Sub", self.writer.constant(1, x.type), x, _ONE - x.interval)

    def matmul(self, x: Value, y: Value, terms: int) -> Value:
        """Return the matrix products over the last two axes, whose sums have so many terms."""
        total = x.interval * y.interval * Interval(terms, terms)
        if x.interval.within(SMALL) and y.interval.within(SMALL):
            # Products of bytes are added in 32 bits.
            small = [self.writer.cast(each, Type.UINT8) for each in (x, y)]
            return self.writer.node("MatMulInteger", small, Type.INT32, total)
        return self._arithmetic("MatMul", x, y, total)

    def _arithmetic(self, op: str, x: Value, y: Value, result: Interval) -> Value:
        kind = arithmetic_type(result.hull(x.interval).hull(y.interval))
        return self.writer.node(op, [self.writer.cast(each, kind) for each in (x, y)], kind, result)


@dataclass(frozen=True)
class FloatWords(MovingWords):
    """Words on numbers in single precision."""

    def add(self, x: Value, y: Value) -> Value:
        """Return the sum of each pair."""
        return self.writer.node("Add", [x, y], Type.FLOAT)

    def multiply(self, x: Value, y: Value) -> Value:
        """Return the product of each pair; an axis of length one is repeated."""
        return self.writer.node("Mul", [x, y], Type.FLOAT)

    def complement(self, x: Value) -> Value:
        """Return one minus each value."""
        return self.writer.node("Sub", [self.writer.constant(1.0, Type.FLOAT), x], Type.FLOAT)

    def matmul(self, x: Value, y: Value, terms: int) -> Value:
        """Return the matrix products over the last two axes."""
        return self.writer.node("MatMul", [x, y], Type.FLOAT)
