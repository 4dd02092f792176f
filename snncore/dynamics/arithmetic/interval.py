"""Interval arithmetic on integer equations: the values that one step, or any number, can reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from snncore.dynamics.check import MOST_BITS
from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import Attribute, Op, Operation

_PLAIN_STEPS = 12
_WIDENED_STEPS = 64
_NARROWING_STEPS = 12
_WIDEST = 1 << MOST_BITS


class WidthError(ValueError):
    """A value that may grow beyond every register; files make it so, and networks never do."""


@dataclass(frozen=True)
class Interval:
    """All integers from `low` to `high`, both included."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if not -_WIDEST <= self.low <= self.high <= _WIDEST:
            if self.low <= self.high:
                raise WidthError(f"a value may have more than {MOST_BITS} bits")
            raise ValueError(f"an interval from {self.low} to {self.high} is empty")

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.low - other.high, self.high - other.low)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __mul__(self, other: Interval) -> Interval:
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(corners), max(corners))

    def hull(self, other: Interval) -> Interval:
        """Return the smallest interval around both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def map(self, monotone: Callable[[int], int]) -> Interval:
        """Return the image under a non-decreasing function."""
        return Interval(monotone(self.low), monotone(self.high))

    def within(self, other: Interval) -> bool:
        """Return whether the other interval contains all of this one."""
        return other.low <= self.low and self.high <= other.high

    def largest(self) -> int:
        """Return the largest magnitude."""
        return max(abs(self.low), abs(self.high))

    def wrapped(self, bits: int) -> Interval:
        """Return the interval after two's complement wrapping to this number of bits."""
        half, turn = 1 << (bits - 1), 1 << bits
        low, high = ((end + half) % turn - half for end in (self.low, self.high))
        if self.high - self.low < turn and low <= high:
            return Interval(low, high)
        return Interval(-half, half - 1)

    def wrapped_once(self, bits: int) -> Interval:
        """Return the interval after at most one addition or subtraction of the range."""
        half, turn = 1 << (bits - 1), 1 << bits
        pieces = [
            (max(self.low, 1 - half), min(self.high, half)),
            (max(self.low, half + 1) - turn, self.high - turn),
            (self.low + turn, min(self.high, -half) + turn),
        ]
        real = [(low, high) for low, high in pieces if low <= high]
        return Interval(min(low for low, _ in real), max(high for _, high in real))


ZERO = Interval(0, 0)


def step_intervals(
    equations: Equations,
    states: Mapping[str, Interval],
    inputs: Mapping[str, Interval],
    parameters: Mapping[str, Interval],
) -> tuple[dict[str, Interval], tuple[Interval, ...]]:
    """Return the next states, and the interval of every operation.

    Raises:
        ValueError: if an operation has no interval; names it.
        WidthError: if a value may have too many bits; names the operation.
    """
    leaves = {Op.STATE: states, Op.INPUT: inputs, Op.PARAMETER: parameters}
    step = _Step(equations, leaves)
    for number, operation in enumerate(equations.operations):
        try:
            step.add(number, operation)
        except WidthError as error:
            raise WidthError(
                f"{equations.name}: operation {number} ({operation.op.value}) may have more than "
                f"{MOST_BITS} bits (scale down what it reads)"
            ) from error
    pairs = zip(equations.states, equations.next_states, strict=True)
    return {state: step.values[number] for state, number in pairs}, tuple(step.values)


def invariant(
    equations: Equations, inputs: Mapping[str, Interval], parameters: Mapping[str, Interval]
) -> tuple[dict[str, Interval], tuple[Interval, ...]]:
    """Bound the states that start at zero, and every operation on them, over any number of steps.

    The intervals grow until one more step adds nothing; where that takes too long their bounds
    are doubled, so that the result is sound and found soon.

    Raises:
        ValueError: if the states have no bound.
    """
    states, operations = _bounded(equations, tuple(inputs.items()), tuple(parameters.items()))
    return dict(states), operations


@lru_cache(maxsize=1024)
def _bounded(
    equations: Equations,
    input_pairs: tuple[tuple[str, Interval], ...],
    parameter_pairs: tuple[tuple[str, Interval], ...],
) -> tuple[dict[str, Interval], tuple[Interval, ...]]:
    """Return the invariant of inputs and parameters by name: it follows from these alone."""
    inputs, parameters = dict(input_pairs), dict(parameter_pairs)
    states = dict.fromkeys(equations.states, ZERO)
    for step in range(_PLAIN_STEPS + _WIDENED_STEPS):
        following, _ = step_intervals(equations, states, inputs, parameters)
        if all(following[state].within(states[state]) for state in states):
            return _narrowed(equations, following, inputs, parameters)
        for state, interval in states.items():
            grown = interval.hull(following[state])
            states[state] = _widened(interval, grown) if step >= _PLAIN_STEPS else grown
    raise ValueError(f"the states of {equations.name} have no bound")


def _narrowed(
    equations: Equations,
    following: dict[str, Interval],
    inputs: Mapping[str, Interval],
    parameters: Mapping[str, Interval],
) -> tuple[dict[str, Interval], tuple[Interval, ...]]:
    """Tighten an invariant by stepping from it: each successor is an invariant too."""
    states = {state: value.hull(ZERO) for state, value in following.items()}
    for _ in range(_NARROWING_STEPS):
        following, operations = step_intervals(equations, states, inputs, parameters)
        tighter = {state: value.hull(ZERO) for state, value in following.items()}
        if tighter == states:
            return states, operations
        states = tighter
    return states, step_intervals(equations, states, inputs, parameters)[1]


def _widened(old: Interval, grown: Interval) -> Interval:
    low = 2 * grown.low - 1 if grown.low < old.low else grown.low
    return Interval(low, 2 * grown.high + 1 if grown.high > old.high else grown.high)


class _Step:
    """The intervals of a step's operations so far."""

    def __init__(self, equations: Equations, leaves: Mapping[Op, Mapping[str, Interval]]) -> None:
        self.operations, self.leaves = equations.operations, leaves
        self.values: list[Interval] = []
        # By operation: what a register took in, where it holds on which side of zero that is.
        self.unstored: list[int] = []

    def add(self, number: int, operation: Operation) -> None:
        """Find the interval of the next operation."""
        op, attribute = operation.op, operation.attribute
        if op in self.leaves:
            value = self.leaves[op][str(attribute)]
        elif op == Op.CONSTANT:
            value = Interval(_integer(attribute), _integer(attribute))
        elif op == Op.SELECT:
            value = self._select(operation.args)
        elif op == Op.SUBTRACT:
            value = self._difference(operation.args)
        else:
            if op not in _TABLE:
                raise ValueError(f"no range is known for the operation {op}")
            value = _TABLE[op](*(self.values[arg] for arg in operation.args), attribute)
        self.values.append(value)
        keeps_side = self._keeps_side(operation)
        self.unstored.append(self.unstored[operation.args[0]] if keeps_side else number)

    def _keeps_side(self, operation: Operation) -> bool:
        """Return whether a register holds on which side of zero is what it takes in."""
        attribute = operation.attribute
        if operation.op == Op.CLIP and isinstance(attribute, tuple):
            return attribute[0] < 0 < attribute[1]
        if operation.op == Op.WRAP and isinstance(attribute, int):
            before = self.values[operation.args[0]]
            return before.wrapped(attribute) == before
        return False

    def _select(self, args: tuple[int, ...]) -> Interval:
        """Return the branches that can be taken, each bounded by the threshold it passed or not."""
        values = self.values
        condition, chosen, other = args
        fired = values[condition]
        if fired.high <= 0:
            return values[other]
        if fired.low >= 1:
            return values[chosen]
        if_fired, if_not = values[chosen], values[other]
        spike = self.operations[condition]
        if spike.op == Op.DETACH:
            spike = self.operations[spike.args[0]]
        if spike.op == Op.SPIKE:
            reached = 1 if spike.attribute else 0
            if spike.args[0] == chosen:
                if_fired = Interval(max(if_fired.low, reached), max(if_fired.high, reached))
            distance = self.operations[self.unstored[spike.args[0]]]
            if distance.op == Op.SUBTRACT and distance.args[0] == other:
                limit = values[distance.args[1]].high - 1 + reached
                if_not = Interval(min(if_not.low, limit), min(if_not.high, limit))
        return if_fired.hull(if_not)

    def _difference(self, args: tuple[int, ...]) -> Interval:
        """Return a difference; what remains of a value that leaks a share is no more than it."""
        values, (minuend, part) = self.values, args
        shift = self.operations[part]
        if shift.op in (Op.SHIFT_FLOOR, Op.SHIFT_TO_ZERO) and isinstance(shift.attribute, int):
            product = self.operations[shift.args[0]]
            if product.op == Op.MULTIPLY and minuend in product.args:
                share = values[product.args[product.args[0] == minuend]]
                if share.low >= 0 and share.high <= 1 << shift.attribute:
                    return _remaining(values[minuend], share, shift.op, shift.attribute)
        return values[minuend] - values[part]


def _remaining(x: Interval, share: Interval, op: Op, bits: int) -> Interval:
    """Bound a share of x: monotonic in x, between none and all of it."""

    def left(value: int, numerator: int) -> int:
        product = value * numerator
        return value - (product >> bits if op == Op.SHIFT_FLOOR else shift_to_zero(product, bits))

    lows = [left(x.low, numerator) for numerator in (share.low, share.high)]
    highs = [left(x.high, numerator) for numerator in (share.low, share.high)]
    return Interval(min(lows), max(highs))


def _integer(attribute: Attribute) -> int:
    if isinstance(attribute, int | float):
        return int(attribute)
    raise ValueError(f"{attribute!r} is not a constant")


def _compared(x: Interval, strict: bool) -> Interval:
    return x.map(lambda v: int(v > 0 if strict else v >= 0))


def _absolute(x: Interval) -> Interval:
    return Interval(0 if x.low <= 0 <= x.high else min(abs(x.low), abs(x.high)), x.largest())


def shift_to_zero(value: int, bits: int) -> int:
    """Divide by a power of two and round toward zero."""
    return value >> bits if value >= 0 else -(-value >> bits)


def _scaled(x: Interval, numerator: int, bits: int) -> Interval:
    product = x * Interval(numerator, numerator)
    return product.map(lambda value: shift_to_zero(value, bits))


_TABLE: dict[Op, Callable[..., Interval]] = {
    Op.ADD: lambda x, y, _: x + y,
    Op.SUBTRACT: lambda x, y, _: x - y,
    Op.MULTIPLY: lambda x, y, _: x * y,
    Op.NEGATE: lambda x, _: -x,
    Op.DETACH: lambda x, _: x,
    Op.ABSOLUTE: lambda x, _: _absolute(x),
    Op.MINIMUM: lambda x, y, _: Interval(min(x.low, y.low), min(x.high, y.high)),
    Op.MAXIMUM: lambda x, y, _: Interval(max(x.low, y.low), max(x.high, y.high)),
    Op.GREATER: lambda x, y, _: _compared(x - y, True),
    Op.GREATER_EQUAL: lambda x, y, _: _compared(x - y, False),
    Op.SPIKE: _compared,
    Op.SHIFT_LEFT: lambda x, bits: x.map(lambda v: v << bits),
    Op.SHIFT_TO_ZERO: lambda x, bits: x.map(lambda v: shift_to_zero(v, bits)),
    Op.SHIFT_FLOOR: lambda x, bits: x.map(lambda v: v >> bits),
    Op.SCALE_TO_ZERO: lambda x, scale: _scaled(x, *scale),
    Op.WRAP: lambda x, bits: x.wrapped(bits),
    Op.WRAP_ONCE: lambda x, bits: x.wrapped_once(bits),
    Op.CLIP: lambda x, limits: x.map(lambda v: min(max(v, limits[0]), limits[1])),
}
