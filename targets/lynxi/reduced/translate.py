"""A neuron's integer equations as a recipe, for values within their ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Integers
from snncore.dynamics import Equations, Op
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.expression import Operation
from targets.lynxi.reduced.certificate import SINGLE_LIMIT
from targets.lynxi.reduced.choices import choice, drive_of, in_shape, shift_floor
from targets.lynxi.reduced.recipe import Recipe, RecipeWriter, Word
from targets.lynxi.reduced.wide import wide_recipe


def recipe_of(
    equations: Equations, ranges: Sequence[Interval], parameters: Mapping[str, Integers]
) -> Recipe:
    """Return the recipe of integer equations whose operations stay within these ranges.

    Raises:
        DoesNotFitError: if a value may wrap, or an operation has no such form; says which.
    """
    translation = _Translation(equations, ranges, parameters)
    pairs = zip(equations.states, equations.next_states, strict=True)
    following = {state: translation.result(number) for state, number in pairs}
    recipe = translation.writer.recipe(following, translation.result(equations.output))
    if recipe.bound <= SINGLE_LIMIT or not _are_single(equations, ranges):
        return recipe
    return wide_recipe(equations, ranges, parameters)


def _are_single(equations: Equations, ranges: Sequence[Interval]) -> bool:
    """Return whether every state, input and result is a number that float32 holds."""
    operations = enumerate(equations.operations)
    leaves = [number for number, each in operations if each.op in (Op.STATE, Op.INPUT)]
    ends = (*leaves, *equations.next_states, equations.output)
    return max(ranges[number].largest() for number in ends) < SINGLE_LIMIT


def shift_recipe(bits: int, values: Interval) -> Recipe:
    """Return the recipe of a right shift of a sum, rounded down."""
    writer = RecipeWriter()
    x = writer.leaf(Word.INPUT, "x", values)
    return writer.recipe({}, shift_floor(writer, x, bits))


class _Translation:
    """A translation of operations to words, each translated when something reads it."""

    def __init__(
        self,
        equations: Equations,
        ranges: Sequence[Interval],
        parameters: Mapping[str, Integers],
    ) -> None:
        self.equations, self.ranges, self.parameters = equations, ranges, parameters
        self.writer = RecipeWriter()
        self.translated: dict[int, int] = {}

    def value(self, number: int) -> int:
        """Return the word's number for an operation."""
        if number not in self.translated:
            self.translated[number] = self._translated(number)
        return self.translated[number]

    def result(self, number: int) -> int:
        """Return the same for a result, which has the layer's shape even if it is constant."""
        value, writer = self.value(number), self.writer
        if writer.value(value) is None:
            return value
        return in_shape(writer, value, self.value(drive_of(self.equations)))

    def _translated(self, number: int) -> int:
        operation, values = self.equations.operations[number], self.ranges[number]
        name = str(operation.attribute)
        if operation.op == Op.STATE:
            return self.writer.leaf(Word.STATE, name, values)
        if operation.op == Op.INPUT:
            return self.writer.leaf(Word.INPUT, name, values)
        if operation.op == Op.PARAMETER:
            return self.writer.constant(self.parameters[name], name)
        if values.low == values.high:
            return self.writer.constant(values.low)
        rule = _RULES.get(operation.op)
        if rule is None:
            raise DoesNotFitError(f"{operation.op.value} cannot be made of sums and products")
        return self.writer.bounded(rule(self, operation), values)

    def operation(self, number: int) -> Operation:
        """Return an operation of the equations."""
        return self.equations.operations[number]

    def is_constant(self, number: int) -> bool:
        """Return whether the operation is a number or a parameter."""
        return self.writer.value(self.value(number)) is not None

    def unstored(self, number: int) -> int:
        """Return the input of a register, if the register keeps its side of zero."""
        operation = self.operation(number)
        if operation.op == Op.CLIP and isinstance(operation.attribute, tuple):
            is_idle = operation.attribute[0] < 0 < operation.attribute[1]
        else:
            values = self.ranges[number]
            is_idle = operation.op == Op.WRAP and values == self.ranges[operation.args[0]]
        return self.unstored(operation.args[0]) if is_idle else number

    def half(self, number: int) -> int:
        """Return the bare number of a half."""
        return self.writer.constant(number / 2)

    def compared(self, pair: tuple[int, ...], strict: bool) -> int:
        """Return 1 where the first operation is at least (strict: more than) the second."""
        (first, second), w, by = pair, self.writer, 0.5 if strict else -0.5
        if self.is_constant(second):
            return w.at_least(self.value(first), w.shifted(self.value(second), by))
        if self.is_constant(first):
            below = w.at_least(self.value(second), w.shifted(self.value(first), -by))
            return w.subtract(w.constant(1), below)
        return w.at_least(w.subtract(self.value(first), self.value(second)), w.constant(by))


def _add(t: _Translation, o: Operation) -> int:
    return t.writer.add(t.value(o.args[0]), t.value(o.args[1]))


def _subtract(t: _Translation, o: Operation) -> int:
    return t.writer.subtract(t.value(o.args[0]), t.value(o.args[1]))


def _multiply(t: _Translation, o: Operation) -> int:
    return t.writer.multiply(t.value(o.args[0]), t.value(o.args[1]))


def _negate(t: _Translation, o: Operation) -> int:
    return t.writer.subtract(t.writer.constant(0), t.value(o.args[0]))


def _spike(t: _Translation, o: Operation) -> int:
    distance, strict = t.operation(t.unstored(o.args[0])), bool(o.attribute)
    if distance.op == Op.SUBTRACT:
        return t.compared(distance.args, strict)
    return t.writer.at_least(t.value(o.args[0]), t.half(1 if strict else -1))


def _select(t: _Translation, o: Operation) -> int:
    condition, chosen, other = o.args
    w, difference = t.writer, t.operation(t.unstored(chosen))
    if difference.op == Op.SUBTRACT and difference.args[0] == other:
        plain = t.operation(chosen) == difference
        if plain or _kept_where_fired(t, condition, chosen, difference):
            # The subtracted value is a product, so the difference is not a separate value.
            return w.subtract(
                t.value(other), w.multiply(t.value(condition), t.value(difference.args[1]))
            )
    return choice(t.writer, t.value(condition), t.value(chosen), t.value(other))


def _kept_where_fired(t: _Translation, condition: int, chosen: int, difference: Operation) -> bool:
    """Return whether a register that holds a difference does not clip it where it is above zero."""
    fired = t.operation(condition)
    before, threshold = (t.ranges[arg] for arg in difference.args)
    limits = t.operation(chosen).attribute
    high = limits[1] if isinstance(limits, tuple) else before.high
    return fired.op == Op.SPIKE and fired.args == (chosen,) and before.high - threshold.low <= high


def _extreme(t: _Translation, o: Operation, swapped: bool) -> int:
    first, second = (t.value(arg) for arg in o.args)
    larger = t.compared(o.args, strict=False)
    return (
        choice(t.writer, larger, second, first)
        if swapped
        else choice(t.writer, larger, first, second)
    )


def _absolute(t: _Translation, o: Operation) -> int:
    w, a = t.writer, t.value(o.args[0])
    return w.multiply(_sign(w, a), a)


def _shift_left(t: _Translation, o: Operation) -> int:
    return t.writer.multiply(t.value(o.args[0]), t.writer.constant(2.0 ** _bits(o)))


def _shift_right(t: _Translation, o: Operation, to_zero: bool) -> int:
    w, bits, number = t.writer, _bits(o), o.args[0]
    product = t.operation(number)
    if product.op == Op.MULTIPLY:
        for constant, other in (product.args, product.args[::-1]):
            values = t.ranges[constant]
            if values.low == values.high and values.low > 0:
                # Powers of two that would be shifted out again are omitted at once.
                out = min((values.low & -values.low).bit_length() - 1, bits)
                a = w.multiply(t.value(other), w.constant(values.low >> out))
                return _shifted_right(w, a, bits - out, to_zero)
    return _shifted_right(w, t.value(number), bits, to_zero)


def _shifted_right(w: RecipeWriter, a: int, bits: int, to_zero: bool) -> int:
    if not to_zero or w.range(a).low >= 0:
        return shift_floor(w, a, bits)
    sign = _sign(w, a)
    size = w.bounded(w.multiply(sign, a), Interval(0, w.range(a).largest()))
    return w.multiply(sign, shift_floor(w, size, bits))


def _sign(w: RecipeWriter, a: int) -> int:
    """Return 1, or -1 below zero."""
    twice = w.multiply(w.at_least(a, w.constant(-0.5)), w.constant(2))
    return w.subtract(twice, w.constant(1))


def _clip(t: _Translation, o: Operation) -> int:
    w, a, values = t.writer, t.value(o.args[0]), t.ranges[o.args[0]]
    assert isinstance(o.attribute, tuple)
    low, high = o.attribute
    if values.high > high:
        a = choice(w, w.at_least(a, w.constant(high + 0.5)), w.constant(high), a)
        a = w.bounded(a, Interval(min(values.low, high), high))
    if values.low < low:
        a = choice(w, w.at_least(a, w.constant(low - 0.5)), a, w.constant(low))
    return a


def _wrap(t: _Translation, o: Operation) -> int:
    bits, values = _bits(o), t.ranges[o.args[0]]
    if values.wrapped(bits) != values:
        raise DoesNotFitError(
            f"a value may reach {values.largest()} and wrap at {bits} bits, as no float does"
        )
    return t.value(o.args[0])


def _wrap_once(t: _Translation, o: Operation) -> int:
    w, a, values = t.writer, t.value(o.args[0]), t.ranges[o.args[0]]
    half = 1 << (_bits(o) - 1)
    result = a
    if values.high > half:
        above = w.multiply(w.at_least(a, w.constant(half + 0.5)), w.constant(2 * half))
        result = w.subtract(result, above)
    if values.low <= -half:
        inside = w.at_least(a, w.constant(0.5 - half))
        below = w.multiply(w.subtract(w.constant(1), inside), w.constant(2 * half))
        result = w.add(result, below)
    return result


def _bits(o: Operation) -> int:
    assert isinstance(o.attribute, int)
    return o.attribute


_RULES: dict[Op, Callable[[_Translation, Operation], int]] = {
    Op.ADD: _add,
    Op.SUBTRACT: _subtract,
    Op.MULTIPLY: _multiply,
    Op.NEGATE: _negate,
    Op.ABSOLUTE: _absolute,
    Op.MINIMUM: lambda t, o: _extreme(t, o, swapped=True),
    Op.MAXIMUM: lambda t, o: _extreme(t, o, swapped=False),
    Op.GREATER: lambda t, o: t.compared(o.args, strict=True),
    Op.GREATER_EQUAL: lambda t, o: t.compared(o.args, strict=False),
    Op.SELECT: _select,
    Op.SPIKE: _spike,
    Op.SHIFT_LEFT: _shift_left,
    Op.SHIFT_FLOOR: lambda t, o: _shift_right(t, o, to_zero=False),
    Op.SHIFT_TO_ZERO: lambda t, o: _shift_right(t, o, to_zero=True),
    Op.CLIP: _clip,
    Op.WRAP: _wrap,
    Op.WRAP_ONCE: _wrap_once,
}
