"""Integer equations whose values pass what float32 holds, as a recipe of values in parts.

Only what lies between states and inputs may be that large: each of these is one number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Integers
from snncore.dynamics import Equations, Op
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.expression import Operation
from targets.lynxi.reduced.choices import drive_of, in_shape
from targets.lynxi.reduced.parts import Parts, PartsWriter
from targets.lynxi.reduced.recipe import Recipe, RecipeWriter, Word


def wide_recipe(
    equations: Equations, ranges: Sequence[Interval], parameters: Mapping[str, Integers]
) -> Recipe:
    """Return the recipe of equations whose states and input are numbers of float32.

    Raises:
        DoesNotFitError: if a value may wrap, or an operation has no such form; says which.
    """
    translation = _Translation(equations, ranges, parameters)
    pairs = zip(equations.states, equations.next_states, strict=True)
    following = {state: translation.result(number) for state, number in pairs}
    return translation.writer.recipe(following, translation.result(equations.output))


class _Translation:
    """A translation of operations to parts, each translated when something reads it."""

    def __init__(
        self,
        equations: Equations,
        ranges: Sequence[Interval],
        parameters: Mapping[str, Integers],
    ) -> None:
        self.equations, self.ranges, self.parameters = equations, ranges, parameters
        self.writer = RecipeWriter()
        self.parts = PartsWriter(self.writer)
        self._translated: dict[int, Parts] = {}

    def result(self, number: int) -> int:
        """Return the step of a state or of the spikes, in the layer's shape even if constant."""
        (step,) = self.value(number).steps
        if self.writer.value(step) is None:
            return step
        return in_shape(self.writer, step, self.value(drive_of(self.equations)).steps[0])

    def value(self, number: int) -> Parts:
        """Return the value of an operation."""
        if number not in self._translated:
            self._translated[number] = self._value(number)
        return self._translated[number]

    def _value(self, number: int) -> Parts:
        operation, values = self.equations.operations[number], self.ranges[number]
        name = str(operation.attribute)
        if operation.op in (Op.STATE, Op.INPUT):
            word = Word.STATE if operation.op == Op.STATE else Word.INPUT
            return Parts((self.writer.leaf(word, name, values),), values)
        if operation.op == Op.PARAMETER:
            step = self.writer.constant(self.parameters[name], name)
            return Parts((step,), self.writer.range(step))
        if values.low == values.high:
            return self.parts.constant(values.low)
        rule = _RULES.get(operation.op)
        if rule is None:
            raise DoesNotFitError(f"{operation.op.value} cannot be made of sums and products")
        return self.parts.bounded(rule(self, operation, *map(self.value, operation.args)), values)

    def at_least(self, a: Parts, b: Parts) -> Parts:
        """Return 1 where the first is at least the second, else 0."""
        return self._condition(self.parts.not_negative(self.parts.subtract(a, b)))

    def opposite(self, condition: Parts) -> Parts:
        """Return 1 where the condition is 0, and 0 where it is 1."""
        return self.parts.subtract(self.parts.constant(1), condition)

    def choice(self, condition: Parts, chosen: Parts, other: Parts) -> Parts:
        """Return `chosen` where the condition is 1, `other` where it is 0."""
        return self.parts.choice(condition.steps[0], chosen, other)

    def _condition(self, step: int) -> Parts:
        return Parts((step,), self.writer.range(step))


Rule = Callable[..., Parts]


def _absolute(t: _Translation, o: Operation, a: Parts) -> Parts:
    nothing = t.parts.constant(0)
    return t.choice(t.at_least(a, nothing), a, t.parts.subtract(nothing, a))


def _spike(t: _Translation, o: Operation, a: Parts) -> Parts:
    nothing = t.parts.constant(0)
    return t.opposite(t.at_least(nothing, a)) if o.attribute else t.at_least(a, nothing)


def _shift_to_zero(t: _Translation, o: Operation, a: Parts) -> Parts:
    bits = _bits(o)
    negative = t.opposite(t.at_least(a, t.parts.constant(0)))
    rounding = t.parts.multiply(negative, t.parts.constant((1 << bits) - 1))
    return t.parts.shift_floor(t.parts.add(a, rounding), bits)


def _clip(t: _Translation, o: Operation, a: Parts) -> Parts:
    assert isinstance(o.attribute, tuple)
    low, high = map(t.parts.constant, o.attribute)
    if a.range.high > high.range.high:
        a = t.choice(t.at_least(high, a), a, high)
    if a.range.low < low.range.low:
        a = t.choice(t.at_least(a, low), a, low)
    return a


def _wrap(t: _Translation, o: Operation, a: Parts) -> Parts:
    if a.range.wrapped(_bits(o)) != a.range:
        raise DoesNotFitError(
            f"a value may reach {a.range.largest()} and wrap at {_bits(o)} bits, as no float does"
        )
    return a


def _wrap_once(t: _Translation, o: Operation, a: Parts) -> Parts:
    half = 1 << (_bits(o) - 1)
    turn = t.parts.constant(2 * half)
    result = a
    if a.range.high > half:
        above = t.opposite(t.at_least(t.parts.constant(half), a))
        result = t.parts.subtract(result, t.parts.multiply(above, turn))
    if a.range.low <= -half:
        below = t.at_least(t.parts.constant(-half), a)
        result = t.parts.add(result, t.parts.multiply(below, turn))
    return result


def _bits(o: Operation) -> int:
    assert isinstance(o.attribute, int)
    return o.attribute


_RULES: dict[Op, Rule] = {
    Op.ADD: lambda t, o, a, b: t.parts.add(a, b),
    Op.SUBTRACT: lambda t, o, a, b: t.parts.subtract(a, b),
    Op.MULTIPLY: lambda t, o, a, b: t.parts.multiply(a, b),
    Op.NEGATE: lambda t, o, a: t.parts.subtract(t.parts.constant(0), a),
    Op.ABSOLUTE: _absolute,
    Op.MINIMUM: lambda t, o, a, b: t.choice(t.at_least(a, b), b, a),
    Op.MAXIMUM: lambda t, o, a, b: t.choice(t.at_least(a, b), a, b),
    Op.GREATER: lambda t, o, a, b: t.opposite(t.at_least(b, a)),
    Op.GREATER_EQUAL: lambda t, o, a, b: t.at_least(a, b),
    Op.SELECT: lambda t, o, condition, a, b: t.choice(condition, a, b),
    Op.SPIKE: _spike,
    Op.SHIFT_LEFT: lambda t, o, a: t.parts.multiply(a, t.parts.constant(1 << _bits(o))),
    Op.SHIFT_FLOOR: lambda t, o, a: t.parts.shift_floor(a, _bits(o)),
    Op.SHIFT_TO_ZERO: _shift_to_zero,
    Op.CLIP: _clip,
    Op.WRAP: _wrap,
    Op.WRAP_ONCE: _wrap_once,
}
