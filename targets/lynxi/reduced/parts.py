"""Integers beyond what float32 holds, as parts of 12 bits that it does.

A value is the sum of its parts times powers of 4096, the lowest first. Every part but the last is
in 0..4095, and the last has the sign. As in a product by hand, a column of one product, one part
and one carry stays within 2^24.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from snncore.dynamics.arithmetic.interval import Interval
from targets.lynxi.reduced.certificate import SINGLE_LIMIT
from targets.lynxi.reduced.choices import choice, shift_floor
from targets.lynxi.reduced.recipe import RecipeWriter

_BITS = 12
_UNIT = 1 << _BITS
# The last part of a factor.
_FACTOR = Interval(-_UNIT // 2, _UNIT - 1)
# The largest number whose half steps float32 still tells apart.
_LARGEST = SINGLE_LIMIT - 1
_PART = Interval(0, _UNIT - 1)
_CONDITION = Interval(0, 1)


@dataclass(frozen=True)
class Parts:
    """The steps of a value's parts, the lowest first, and the integers that the value can be."""

    steps: tuple[int, ...]
    range: Interval


class PartsWriter:
    """A writer of sums, products, shifts and choices of values in parts."""

    def __init__(self, writer: RecipeWriter) -> None:
        self.writer = writer

    def constant(self, number: int) -> Parts:
        """Return a number."""
        steps, rest = [], number
        while abs(rest) > _LARGEST:
            steps.append(self.writer.constant(rest & (_UNIT - 1)))
            rest >>= _BITS
        return Parts((*steps, self.writer.constant(rest)), Interval(number, number))

    def add(self, a: Parts, b: Parts) -> Parts:
        """Return the sum."""
        return self._combined(self.writer.add, a, b, a.range + b.range)

    def subtract(self, a: Parts, b: Parts) -> Parts:
        """Return the difference."""
        return self._combined(self.writer.subtract, a, b, a.range - b.range)

    def multiply(self, a: Parts, b: Parts) -> Parts:
        """Return the product."""
        w, values = self.writer, a.range * b.range
        for one, other in ((a, b), (b, a)):
            if one.range.within(_CONDITION):
                return Parts(tuple(w.multiply(one.steps[0], step) for step in other.steps), values)
        if values.largest() <= _LARGEST and len(a.steps) == len(b.steps) == 1:
            return Parts((w.multiply(a.steps[0], b.steps[0]),), values)
        return self._joined(self._product(self._factor(a), self._factor(b)), values)

    def not_negative(self, a: Parts) -> int:
        """Return 1 where a value is not below zero, else 0."""
        return self.writer.at_least(a.steps[-1], self.writer.constant(-0.5))

    def choice(self, condition: int, chosen: Parts, other: Parts) -> Parts:
        """Return `chosen` where the condition is 1, `other` where it is 0."""
        count = max(len(chosen.steps), len(other.steps))
        pairs = zip(self._parted(chosen, count), self._parted(other, count), strict=True)
        steps = [choice(self.writer, condition, *pair) for pair in pairs]
        return self._joined(steps, chosen.range.hull(other.range))

    def shift_floor(self, a: Parts, bits: int) -> Parts:
        """Return a value divided by a power of two and rounded down."""
        dropped = min(bits // _BITS, len(a.steps) - 1)
        steps, rest = a.steps[dropped:], bits - dropped * _BITS
        values = a.range.map(lambda value: value >> bits)
        if len(steps) == 1:
            return Parts((self._floor(steps[0], rest),), values)
        if rest == 0:
            return self._joined(steps, values)
        w, high = self.writer, [self._floor(step, rest) for step in steps]
        if values.largest() <= _LARGEST:
            upper = a.range.map(lambda value: value >> _BITS * (dropped + 1))
            (above,) = self._joined(steps[1:], upper, count=1).steps
            total = w.add(w.multiply(above, w.constant(_UNIT >> rest)), high[0])
            return Parts((w.bounded(total, values),), values)
        low = [self._remainder(*pair, 1 << rest) for pair in zip(steps, high, strict=True)]
        moved = [w.multiply(step, w.constant(_UNIT >> rest)) for step in low[1:]]
        sums = [w.add(*pair) for pair in zip(high[:-1], moved, strict=True)]
        return self._joined([*sums, high[-1]], values)

    def bounded(self, a: Parts, values: Interval) -> Parts:
        """Return the same value with a narrower known range, in as few parts as it needs."""
        tight = Interval(max(a.range.low, values.low), min(a.range.high, values.high))
        return self._joined(a.steps, tight)

    def _combined(
        self, word: Callable[[int, int], int], a: Parts, b: Parts, values: Interval
    ) -> Parts:
        """Return the sum or the difference of each pair of parts, with what they carry."""
        count = max(len(a.steps), len(b.steps), _count(values))
        if count == 1:
            return Parts((word(a.steps[0], b.steps[0]),), values)
        pairs = zip(self._parted(a, count), self._parted(b, count), strict=True)
        return self._joined(self._carried([word(*pair) for pair in pairs]), values)

    def _product(self, a: Sequence[int], b: Sequence[int]) -> list[int]:
        """Return the columns of a product, row by row as by hand."""
        w = self.writer
        nothing = w.constant(0)
        columns = [nothing] * (len(a) + len(b) - 1)
        for first, digit in enumerate(b):
            row = [w.add(columns[first + i], w.multiply(step, digit)) for i, step in enumerate(a)]
            last = first == len(b) - 1
            # The next row adds to what this one carries.
            row = self._carried(row if last else [*row, nothing])
            columns[first : first + len(row)] = row
        return columns

    def _carried(self, columns: Sequence[int]) -> list[int]:
        """Return the columns with all but the last within a part, the lowest first."""
        steps, carry = [], self.writer.constant(0)
        for column in columns[:-1]:
            low, carry = self._split(self.writer.add(column, carry))
            steps.append(low)
        return [*steps, self.writer.add(columns[-1], carry)]

    def _joined(self, steps: Sequence[int], values: Interval, count: int | None = None) -> Parts:
        """Return a value in so many parts, or in as few as it needs, joined from the top."""
        w, rest = self.writer, list(steps)
        self._bound_last(rest, values)
        while len(rest) > (count or _count(values)):
            top = w.multiply(rest.pop(), w.constant(_UNIT))
            rest.append(w.add(top, rest.pop()))
            self._bound_last(rest, values)
        return Parts(tuple(rest), values)

    def _bound_last(self, steps: Sequence[int], values: Interval) -> None:
        """Enter what the last part can be, if the whole value is in a range."""
        shift = _BITS * (len(steps) - 1)
        self.writer.bounded(steps[-1], values.map(lambda value: value >> shift))

    def _parted(self, a: Parts, count: int) -> list[int]:
        """Return a value in so many parts."""
        steps = list(a.steps)
        while len(steps) < count:
            steps += self._split(steps.pop())
        return steps

    def _factor(self, a: Parts) -> list[int]:
        """Return a value in as many parts as leave its last one small."""
        steps = list(a.steps)
        while not self.writer.range(steps[-1]).within(_FACTOR):
            steps += self._split(steps.pop())
        return steps

    def _split(self, a: int) -> tuple[int, int]:
        """Return a part, and what is carried to the next."""
        w, numbers = self.writer, self.writer.value(a)
        if w.range(a).within(_PART):
            return a, w.constant(0)
        if numbers is not None:
            name, high = w.steps[a].name, np.floor(numbers / _UNIT)
            names = (f"{name} mod {_UNIT}", f"{name} / {_UNIT}") if name else ("", "")
            return w.constant(numbers - high * _UNIT, names[0]), w.constant(high, names[1])
        carry = self._floor(a, _BITS)
        return self._remainder(a, carry, _UNIT), carry

    def _remainder(self, a: int, high: int, unit: int) -> int:
        """Return a value without so many units."""
        w = self.writer
        rest = w.subtract(a, w.multiply(high, w.constant(unit)))
        return w.bounded(rest, Interval(0, unit - 1))

    def _floor(self, a: int, bits: int) -> int:
        """Return one part divided by a power of two and rounded down."""
        w, values, unit = self.writer, self.writer.range(a), 1 << bits
        result = values.map(lambda value: value >> bits)
        if result.low == result.high:
            return w.constant(result.low)
        is_sign = result == Interval(-1, 0)
        if is_sign or values.high - result.low * unit <= _LARGEST:
            return shift_floor(w, a, bits)
        # Negative numbers are lifted above zero first, since the width would need another bit.
        size = max(unit, 1 << (-values.low - 1).bit_length())
        negative = w.subtract(w.constant(1), w.at_least(a, w.constant(-0.5)))
        lifted = w.add(a, w.multiply(negative, w.constant(size)))
        lifted = w.bounded(lifted, Interval(0, max(values.high, size - 1)))
        fallen = w.multiply(negative, w.constant(size >> bits))
        return w.bounded(w.subtract(shift_floor(w, lifted, bits), fallen), result)


def _count(values: Interval) -> int:
    """Return the number of parts that a value of this range needs."""
    count, low, high = 1, values.low, values.high
    while max(-low, high) > _LARGEST:
        count, low, high = count + 1, low >> _BITS, high >> _BITS
    return count
