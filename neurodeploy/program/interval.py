"""Intervals of integers, elementwise over a layer, and one step of a neuron on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snncore.dynamics import Equations, Op

Array = NDArray[np.int64]
_FAR = 1 << 60


@dataclass(frozen=True, eq=False)
class Interval:
    """All integers from `low` to `high`, both included."""

    low: Array
    high: Array

    @classmethod
    def of(cls, low: int, high: int) -> Interval:
        """The same interval for every element."""
        return cls(np.asarray(low, dtype=np.int64), np.asarray(high, dtype=np.int64))

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest integer of all elements."""
        return int(self.low.min()), int(self.high.max())

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Interval) -> Interval:
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(_all(np.minimum, corners), _all(np.maximum, corners))

    def hull(self, other: Interval) -> Interval:
        """The smallest interval around both."""
        return Interval(np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    def with_zero(self) -> Interval:
        """This interval and zero."""
        return self.hull(Interval.of(0, 0))

    def map(self, monotone: Callable[[Array], Array]) -> Interval:
        """The image under a function that never falls."""
        return Interval(monotone(self.low), monotone(self.high))

    def equals(self, other: Interval) -> bool:
        """Whether both hold the same integers everywhere."""
        return bool((self.low == other.low).all() and (self.high == other.high).all())

    def widened(self, grown: Interval) -> Interval:
        """Where `grown` is wider, at least twice as wide: a bound that is reached in few steps."""
        low = np.where(grown.low < self.low, 2 * grown.low - 1, grown.low)
        high = np.where(grown.high > self.high, 2 * grown.high + 1, grown.high)
        return Interval(low, high)

    def wrapped(self, bits: int) -> Interval:
        """After two's complement wrapping to so many bits."""
        half = 1 << (bits - 1)
        inside = (self.low >= -half) & (self.high < half)
        return Interval(np.where(inside, self.low, -half), np.where(inside, self.high, half - 1))

    def wrapped_once(self, bits: int) -> Interval:
        """After adding or subtracting the range a single time where it is left."""
        half, turn = 1 << (bits - 1), 1 << bits
        inside = (np.maximum(self.low, 1 - half), np.minimum(self.high, half))
        above = (np.maximum(self.low, half + 1) - turn, self.high - turn)
        below = (self.low + turn, np.minimum(self.high, -half) + turn)
        lows = [np.where(low <= high, low, _FAR) for low, high in (inside, above, below)]
        highs = [np.where(low <= high, high, -_FAR) for low, high in (inside, above, below)]
        return Interval(_all(np.minimum, lows), _all(np.maximum, highs))


def _all(function: Callable[[Array, Array], Array], arrays: list[Array]) -> Array:
    result = arrays[0]
    for array in arrays[1:]:
        result = function(result, array)
    return result


def step_intervals(
    equations: Equations,
    states: Mapping[str, Interval],
    inputs: Mapping[str, Interval],
    parameters: Mapping[str, Interval],
) -> tuple[dict[str, Interval], list[Interval]]:
    """The next states, and the interval of every operation."""
    given = {Op.STATE: states, Op.INPUT: inputs, Op.PARAMETER: parameters}
    values: list[Interval] = []
    for operation in equations.operations:
        op, attribute = operation.op, operation.attribute
        args = [values[number] for number in operation.args]
        if op in given:
            values.append(given[op][str(attribute)])
        elif op == Op.CONSTANT:
            values.append(Interval.of(int(attribute or 0), int(attribute or 0)))
        elif op == Op.SELECT:
            values.append(_select(equations, operation.args, values))
        else:
            values.append(_TABLE[op](*args, attribute))
    pairs = zip(equations.states, equations.next_states, strict=True)
    return {state: values[number] for state, number in pairs}, values


def _select(equations: Equations, args: tuple[int, ...], values: list[Interval]) -> Interval:
    """The hull of both branches, the other one bounded by the threshold it did not pass."""
    condition, chosen, other = args
    kept = values[other]
    spike = equations.operations[condition]
    if spike.op == Op.SPIKE:
        distance = equations.operations[spike.args[0]]
        if distance.op == Op.SUBTRACT and distance.args[0] == other:
            limit = values[distance.args[1]].high - (0 if spike.attribute else 1)
            high = np.minimum(kept.high, limit)
            kept = Interval(np.minimum(kept.low, high), high)
    fired = values[condition]
    always, never = fired.low >= 1, fired.high <= 0
    both = values[chosen].hull(kept)
    low = np.where(never, kept.low, np.where(always, values[chosen].low, both.low))
    high = np.where(never, kept.high, np.where(always, values[chosen].high, both.high))
    return Interval(low, high)


def _to_zero(x: Interval, bits: Any) -> Interval:
    return x.map(lambda v: np.sign(v) * (np.abs(v) >> bits))


def _compare(x: Interval, strict: Any) -> Interval:
    reached = x.map(lambda v: (v > 0 if strict else v >= 0).astype(np.int64))
    return reached


def _absolute(x: Interval, _: Any) -> Interval:
    crosses = (x.low <= 0) & (x.high >= 0)
    low = np.where(crosses, 0, np.minimum(np.abs(x.low), np.abs(x.high)))
    return Interval(low, np.maximum(np.abs(x.low), np.abs(x.high)))


_TABLE: dict[Op, Callable[..., Interval]] = {
    Op.ADD: lambda x, y, _: x + y,
    Op.SUBTRACT: lambda x, y, _: x - y,
    Op.MULTIPLY: lambda x, y, _: x * y,
    Op.NEGATE: lambda x, _: Interval(-x.high, -x.low),
    Op.ABSOLUTE: _absolute,
    Op.MINIMUM: lambda x, y, _: Interval(np.minimum(x.low, y.low), np.minimum(x.high, y.high)),
    Op.MAXIMUM: lambda x, y, _: Interval(np.maximum(x.low, y.low), np.maximum(x.high, y.high)),
    Op.GREATER: lambda x, y, _: _compare(x - y, True),
    Op.GREATER_EQUAL: lambda x, y, _: _compare(x - y, False),
    Op.SPIKE: _compare,
    Op.SHIFT_LEFT: lambda x, bits: x.map(lambda v: v << bits),
    Op.SHIFT_TO_ZERO: _to_zero,
    Op.SHIFT_FLOOR: lambda x, bits: x.map(lambda v: v >> bits),
    Op.WRAP: lambda x, bits: x.wrapped(bits),
    Op.WRAP_ONCE: lambda x, bits: x.wrapped_once(bits),
    Op.CLIP: lambda x, limits: x.map(lambda v: np.clip(v, *limits)),
}
