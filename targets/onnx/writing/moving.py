"""The words of selections as nodes of a graph, on rows of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from neurodeploy.data.structure import Shape
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from targets.onnx.writing.types import Type, Value
from targets.onnx.writing.writer import Writer

# Runtimes confuse a function of ours with an operation of theirs that has its name.
_OPERATIONS = ("Concat", "Reshape", "Slice", "Upsample")


def function_name(kind: str) -> str:
    """Return the name of the function for a kind of node."""
    return f"Sample{kind}" if kind in _OPERATIONS else kind


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
