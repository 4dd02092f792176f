"""Number systems in exact fractions: what `to_integers` promises, written a second time.

Nothing here is shared with the rewriting: values are rational numbers, and a register is the only
place where one of them loses anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, trunc
from typing import Any

from snncore.dynamics import Equations, Format, NumberSystem, Op, Overflow, Rounding


class RefusedError(Exception):
    """Equations that the number system cannot write down."""


@dataclass(frozen=True)
class Value:
    """A number, and its count of binary places (None: a bare constant)."""

    number: Fraction
    places: int | None


def turned(number: int, bits: int) -> int:
    """Return the two's complement of this many bits."""
    half = 1 << (bits - 1)
    return (number + half) % (2 * half) - half


def registered(number: int, form: Format, carrier_bits: int) -> int:
    """Return the content of a register of this format after a number was written to it."""
    carried = turned(number, carrier_bits)
    half = 1 << (form.bits - 1)
    if form.overflow == Overflow.WRAP:
        return turned(carried, form.bits)
    if form.overflow == Overflow.WRAP_ONCE:
        if carried > half:
            return carried - 2 * half
        return carried + 2 * half if carried <= -half else carried
    return min(max(carried, 1 - half if form.symmetric else -half), half - 1)


class Exact:
    """One step of equations in a number system, on rational numbers."""

    def __init__(self, equations: Equations, system: NumberSystem) -> None:
        self.equations, self.system = equations, system
        self.work = max(form.fraction for _, form in system.states)
        self.coefficient = max((places for _, places in system.parameters), default=0)
        self.registers = self._registers()

    def step(self, operands: Mapping[Op, Mapping[str, int]]) -> tuple[dict[str, int], int]:
        """Return the next states and the spike, on integers as in the chip's registers."""
        values: list[Value] = []
        for number, operation in enumerate(self.equations.operations):
            arguments = [values[arg] for arg in operation.args]
            value = self._value(operation.op, arguments, operation.attribute, operands)
            if number in self.registers:
                value = self._stored(value, self.registers[number])
            values.append(value)
        following = {
            state: self._integer(values[number], self.system.state(state).fraction)
            for state, number in zip(self.equations.states, self.equations.next_states, strict=True)
        }
        return following, self._integer(values[self.equations.output], 0)

    def _registers(self) -> dict[int, Format]:
        """Keep a new state as its register holds it, choices branch by branch."""
        formats: dict[int, Format] = {}

        def visit(number: int, form: Format) -> None:
            operation = self.equations.operations[number]
            if operation.op == Op.SELECT:
                visit(operation.args[1], form)
                visit(operation.args[2], form)
            elif operation.op == Op.STATE:
                if self.system.state(str(operation.attribute)) != form:
                    raise RefusedError(f"{operation.attribute} in another register")
            elif operation.op == Op.CONSTANT:
                value = Fraction(str(operation.attribute)) * (1 << form.fraction)
                if not form.limits[0] <= value <= form.limits[1]:
                    raise RefusedError(f"{operation.attribute} beyond a register")
            elif formats.setdefault(number, form) != form:
                raise RefusedError("one value in two registers")

        for state, number in zip(self.equations.states, self.equations.next_states, strict=True):
            visit(number, self.system.state(state))
        return formats

    def _value(self, op: Op, args: Sequence[Value], attribute: Any, operands: Any) -> Value:
        if op in (Op.STATE, Op.INPUT, Op.PARAMETER):
            places = self._places(op, attribute)
            return Value(Fraction(operands[op][attribute], 1 << places), places)
        if op == Op.CONSTANT:
            return Value(Fraction(attribute), None)
        if op == Op.DETACH:
            return args[0]
        if op == Op.MULTIPLY:
            return self._product(*args)
        if op == Op.SELECT:
            places = self._common(args[1:])
            return Value(args[1].number if args[0].number > 0 else args[2].number, places)
        places = self._common(args)
        return Value(*_plain(op, [arg.number for arg in args], attribute, places))

    def _places(self, op: Op, name: str) -> int:
        if op == Op.INPUT:
            return self.system.input_fraction
        if op == Op.STATE:
            return self.system.state(name).fraction
        return self.system.parameter_fraction(name)

    def _common(self, args: Sequence[Value]) -> int:
        places = max(arg.places or 0 for arg in args)
        for arg in args:
            _writable(arg, places)
        return places

    def _product(self, left: Value, right: Value) -> Value:
        places = 0
        for value in (left, right):
            if value.places is None:
                _writable(value, self.coefficient)
            places += self.coefficient if value.places is None else value.places
        exact = left.number * right.number
        if places <= self.work:
            return Value(exact, places)
        return Value(self._rounded(exact, self.work), self.work)

    def _rounded(self, number: Fraction, places: int) -> Fraction:
        cut = trunc if self.system.rounding == Rounding.TO_ZERO else floor
        return Fraction(cut(number * (1 << places)), 1 << places)

    def _stored(self, value: Value, form: Format) -> Value:
        integer = int(self._rounded(value.number, form.fraction) * (1 << form.fraction))
        kept = registered(integer, form, self.system.carrier_bits)
        return Value(Fraction(kept, 1 << form.fraction), form.fraction)

    def _integer(self, value: Value, places: int) -> int:
        _writable(value, places)
        return int(self._rounded(value.number, places) * (1 << places))


def _writable(value: Value, places: int) -> None:
    if value.places is None and (value.number * (1 << places)).denominator != 1:
        raise RefusedError(f"{value.number} with {places} places")


def _plain(op: Op, numbers: list[Fraction], attribute: Any, places: int) -> tuple[Fraction, int]:
    first = numbers[0]
    last = numbers[-1]
    if op in (Op.GREATER, Op.GREATER_EQUAL):
        return Fraction(first > last if op == Op.GREATER else first >= last), 0
    if op == Op.SPIKE:
        return Fraction(first > 0 if attribute else first >= 0), 0
    results = {
        Op.ADD: first + last,
        Op.SUBTRACT: first - last,
        Op.MINIMUM: min(first, last),
        Op.MAXIMUM: max(first, last),
        Op.NEGATE: -first,
        Op.ABSOLUTE: abs(first),
    }
    return results[op], places
