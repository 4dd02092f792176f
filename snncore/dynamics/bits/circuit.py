"""Circuits: operations on whole numbers, each as wide as the largest value that it can have.

A sum has one bit more than its parts, a product as many as both factors: nothing overflows unless
`low` cuts it, so a circuit computes what equations mean without any analysis of ranges.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Gate(StrEnum):
    """The operations of a circuit; the last ones give a truth value."""

    VARIABLE = "variable"
    CONSTANT = "constant"
    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    # A division by a constant, rounded toward zero.
    DIVIDE = "divide"
    SHIFT_LEFT = "shift_left"
    SHIFT_FLOOR = "shift_floor"
    BITWISE_AND = "bitwise_and"
    BITWISE_OR = "bitwise_or"
    BITWISE_XOR = "bitwise_xor"
    # The lowest bits as a number in two's complement.
    LOW = "low"
    CHOOSE = "choose"
    LESS = "less"
    LESS_EQUAL = "less_equal"
    EQUAL = "equal"
    NOT = "not"
    AND = "and"


@dataclass(frozen=True, eq=False)
class Wire:
    """The result of an operation; a truth value has no bits."""

    gate: Gate
    args: tuple[Wire, ...]
    bits: int
    # The constant, the number of bits of a shift or a cut, or a variable's name.
    value: int | str = 0

    @property
    def constant(self) -> int | None:
        """Its value, if it is a constant."""
        is_constant = self.gate == Gate.CONSTANT and isinstance(self.value, int)
        return int(self.value) if is_constant else None


def bits_of(value: int) -> int:
    """Return the bits that a value needs in two's complement."""
    return (value if value >= 0 else ~value).bit_length() + 1


@dataclass(eq=False)
class Circuit:
    """A builder of wires; each different operation occurs once."""

    _wires: dict[tuple[object, ...], Wire] = field(default_factory=dict)

    def variable(self, name: str, bits: int) -> Wire:
        """Return a free number of this width."""
        return self._wire(Gate.VARIABLE, (), bits, name)

    def constant(self, value: int) -> Wire:
        """Return a constant."""
        return self._wire(Gate.CONSTANT, (), bits_of(value), value)

    def truth(self, value: bool) -> Wire:
        """Return a constant truth value."""
        return self._wire(Gate.CONSTANT, (), 0, int(value))

    def add(self, a: Wire, b: Wire) -> Wire:
        """Return the sum."""
        if a.constant is not None and b.constant is not None:
            return self.constant(a.constant + b.constant)
        if a.constant == 0 or b.constant == 0:
            return b if a.constant == 0 else a
        return self._wire(Gate.ADD, (a, b), max(a.bits, b.bits) + 1)

    def subtract(self, a: Wire, b: Wire) -> Wire:
        """Return the difference."""
        if a.constant is not None and b.constant is not None:
            return self.constant(a.constant - b.constant)
        if b.constant == 0:
            return a
        return self._wire(Gate.SUBTRACT, (a, b), max(a.bits, b.bits) + 1)

    def negate(self, a: Wire) -> Wire:
        """Return the negative."""
        return self.subtract(self.constant(0), a)

    def multiply(self, a: Wire, b: Wire) -> Wire:
        """Return the product; a power of two is a shift."""
        if b.constant is None and a.constant is not None:
            a, b = b, a
        factor = b.constant
        if factor is not None:
            if a.constant is not None:
                return self.constant(a.constant * factor)
            if factor == 0:
                return b
            if factor > 0 and factor.bit_count() == 1:
                return self.shift_left(a, factor.bit_length() - 1)
        return self._wire(Gate.MULTIPLY, (a, b), a.bits + b.bits)

    def divide(self, a: Wire, by: int) -> Wire:
        """Return the quotient with a constant above zero, rounded toward zero."""
        if by.bit_count() == 1:
            return self.shift_to_zero(a, by.bit_length() - 1)
        if a.constant is not None:
            size = abs(a.constant) // by
            return self.constant(size if a.constant >= 0 else -size)
        divisor = self.constant(by)
        return self._wire(Gate.DIVIDE, (a, divisor), max(a.bits, divisor.bits))

    def shift_left(self, a: Wire, by: int) -> Wire:
        """Return the product with a power of two."""
        if a.constant is not None:
            return self.constant(a.constant << by)
        return self._wire(Gate.SHIFT_LEFT, (a,), a.bits + by, by) if by else a

    def shift_floor(self, a: Wire, by: int) -> Wire:
        """Return the quotient with a power of two, rounded down."""
        if a.constant is not None:
            return self.constant(a.constant >> by)
        if by and a.gate == Gate.SHIFT_LEFT:
            before = int(a.value)
            shifted = self.shift_left(a.args[0], max(before - by, 0))
            return self.shift_floor(shifted, max(by - before, 0))
        return self._wire(Gate.SHIFT_FLOOR, (a,), max(a.bits - by, 1), by) if by else a

    def shift_to_zero(self, a: Wire, by: int) -> Wire:
        """Return the quotient with a power of two, rounded toward zero."""
        if a.gate == Gate.SHIFT_LEFT:
            before = int(a.value)
            shifted = self.shift_left(a.args[0], max(before - by, 0))
            a, by = shifted, max(by - before, 0)
        if not by:
            return a
        rest = self.choose(self.less(a, self.constant(0)), self.constant((1 << by) - 1), None)
        return self.shift_floor(self.add(a, rest), by)

    def bitwise(self, gate: Gate, a: Wire, b: Wire) -> Wire:
        """Return the bits of both, combined."""
        if a.constant is not None and b.constant is not None:
            return self.constant(_COMBINED[gate](a.constant, b.constant))
        if gate == Gate.BITWISE_AND:
            for one, other in ((a, b), (b, a)):
                mask = one.constant
                if mask is not None and mask >= 0 and (mask + 1).bit_count() == 1:
                    return self._modulo(other, mask.bit_length())
        return self._wire(gate, (a, b), max(a.bits, b.bits))

    def _modulo(self, a: Wire, bits: int) -> Wire:
        """Return the lowest bits as a number without a sign."""
        if not bits:
            return self.constant(0)
        low = self.low(a, bits)
        turn = self.constant(1 << bits)
        whole = self.choose(self.less(low, self.constant(0)), self.add(low, turn), low)
        return self.low(whole, bits + 1)

    def low(self, a: Wire, bits: int) -> Wire:
        """Return the lowest bits as a number in two's complement."""
        if a.bits <= bits:
            return a
        if a.constant is not None:
            half = 1 << (bits - 1)
            return self.constant(((a.constant + half) & (2 * half - 1)) - half)
        return self._wire(Gate.LOW, (a,), bits, bits)

    def choose(self, condition: Wire, chosen: Wire, other: Wire | None) -> Wire:
        """Return one of two numbers, or of two truth values; without another it is zero."""
        if other is None:
            other = self.constant(0)
        if condition.constant is not None:
            return chosen if condition.constant else other
        if chosen is other:
            return chosen
        return self._wire(Gate.CHOOSE, (condition, chosen, other), max(chosen.bits, other.bits))

    def less(self, a: Wire, b: Wire) -> Wire:
        """Return whether the first is smaller."""
        if a.constant is not None and b.constant is not None:
            return self.truth(a.constant < b.constant)
        return self._wire(Gate.LESS, (a, b), 0)

    def less_equal(self, a: Wire, b: Wire) -> Wire:
        """Return whether the first is not larger."""
        if a.constant is not None and b.constant is not None:
            return self.truth(a.constant <= b.constant)
        return self._wire(Gate.LESS_EQUAL, (a, b), 0)

    def equal(self, a: Wire, b: Wire) -> Wire:
        """Return whether both are the same number, or the same truth value."""
        if a is b:
            return self.truth(True)
        if a.constant is not None and b.constant is not None:
            return self.truth(a.constant == b.constant)
        return self._wire(Gate.EQUAL, (a, b), 0)

    def negated(self, a: Wire) -> Wire:
        """Return whether a truth value is false."""
        return self._wire(Gate.NOT, (a,), 0) if a.constant is None else self.truth(not a.constant)

    def every(self, values: list[Wire]) -> Wire:
        """Return whether all are true."""
        rest = tuple(dict.fromkeys(each for each in values if each.constant != 1))
        if any(each.constant == 0 for each in rest):
            return self.truth(False)
        if len(rest) < 2:
            return rest[0] if rest else self.truth(True)
        return self._wire(Gate.AND, rest, 0)

    def some(self, values: list[Wire]) -> Wire:
        """Return whether one is true."""
        return self.negated(self.every([self.negated(each) for each in values]))

    def within(self, a: Wire, low: int, high: int) -> Wire:
        """Return whether a number lies between two, both included."""
        ends = []
        if low > -(1 << (a.bits - 1)):
            ends.append(self.less_equal(self.constant(low), a))
        if high < (1 << (a.bits - 1)) - 1:
            ends.append(self.less_equal(a, self.constant(high)))
        return self.every(ends)

    def number(self, truth: Wire) -> Wire:
        """Return 1 for a true value and 0 for a false one."""
        if truth.constant is not None:
            return self.constant(truth.constant)
        return self.choose(truth, self.constant(1), self.constant(0))

    def is_positive(self, a: Wire) -> Wire:
        """Return whether a number, or a truth value, is above zero."""
        if not a.bits:
            return a
        is_number_of_truth = a.gate == Gate.CHOOSE and a.args[1:] == (
            self.constant(1),
            self.constant(0),
        )
        return a.args[0] if is_number_of_truth else self.less(self.constant(0), a)

    def again(self, wire: Wire, args: tuple[Wire, ...]) -> Wire:
        """Return the same operation on other wires."""
        if args == wire.args:
            return wire
        number = int(wire.value) if args and isinstance(wire.value, int) else 0
        if wire.gate in (Gate.BITWISE_AND, Gate.BITWISE_OR, Gate.BITWISE_XOR):
            return self.bitwise(wire.gate, *args)
        if wire.gate == Gate.AND:
            return self.every(list(args))
        if wire.gate == Gate.DIVIDE:
            return self.divide(args[0], int(args[1].value))
        plain: dict[Gate, Callable[..., Wire]] = {
            Gate.ADD: self.add,
            Gate.SUBTRACT: self.subtract,
            Gate.MULTIPLY: self.multiply,
            Gate.CHOOSE: self.choose,
            Gate.LESS: self.less,
            Gate.LESS_EQUAL: self.less_equal,
            Gate.EQUAL: self.equal,
            Gate.NOT: self.negated,
        }
        if wire.gate in plain:
            return plain[wire.gate](*args)
        cuts: dict[Gate, Callable[..., Wire]] = {
            Gate.SHIFT_LEFT: self.shift_left,
            Gate.SHIFT_FLOOR: self.shift_floor,
            Gate.LOW: self.low,
        }
        return cuts[wire.gate](args[0], number)

    def _wire(self, gate: Gate, args: tuple[Wire, ...], bits: int, value: int | str = 0) -> Wire:
        key = (gate, bits, value, *map(id, args))
        if key not in self._wires:
            self._wires[key] = Wire(gate, args, bits, value)
        return self._wires[key]


_COMBINED: dict[Gate, Callable[[int, int], int]] = {
    Gate.BITWISE_AND: operator.and_,
    Gate.BITWISE_OR: operator.or_,
    Gate.BITWISE_XOR: operator.xor,
}


def in_order(results: list[Wire]) -> list[Wire]:
    """Return every wire that the results need, each after those that it reads."""
    order: dict[int, Wire] = {}
    pending = [(wire, False) for wire in reversed(results)]
    while pending:
        wire, ready = pending.pop()
        if id(wire) in order:
            continue
        if ready or not wire.args:
            order[id(wire)] = wire
        else:
            pending.append((wire, True))
            pending += [(arg, False) for arg in reversed(wire.args)]
    return list(order.values())
