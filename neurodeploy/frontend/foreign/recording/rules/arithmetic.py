"""Sums and products of values, and sums over time that the user's code adds up step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isfinite

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.recording.calls import Call, Ref
from neurodeploy.frontend.foreign.recording.feedback import begun, continued
from neurodeploy.frontend.foreign.recording.fold import Fold
from neurodeploy.frontend.foreign.recording.rules.modules import live
from neurodeploy.frontend.foreign.recording.values import Fixed, Form, Known, Product, Start, Value
from snncore import layer

_SCALED = "put the factor into the weights, or scale the input before the module is called"


def _operands(fold: Fold, call: Call) -> list[Known | float]:
    return [_operand(fold, value) for value in call.args[:2]]


def _operand(fold: Fold, value: object) -> Known | float:
    if not isinstance(value, Ref):
        return float(value) if isinstance(value, int | float) else float("nan")
    read = fold.value(value)
    if isinstance(read, Fixed):
        number = read.number
        return read if number is None else number
    return read


def _add(fold: Fold, call: Call) -> Known:
    first, second = _operands(fold, call)
    if call.kwargs.get("alpha", 1) != 1:
        raise UnsupportedLayerError("a sum with a factor", remedy=_SCALED)
    if first == 0.0 or second == 0.0:
        value = second if first == 0.0 else first
        if isinstance(value, Value):
            return value
    for value, start in ((first, second), (second, first)):
        if isinstance(value, Value) and isinstance(start, Start):
            return begun(fold, value, start)
    if isinstance(first, Value) and isinstance(second, Value):
        total = _total(first, second) or _total(second, first)
        total = total or continued(fold, first, second)
        return _joined(fold, call, "add") if total is None else total
    for value, number in ((first, second), (second, first)):
        if isinstance(value, Value) and isinstance(number, float):
            return _affine(fold, value, offset=number)
    raise UnsupportedLayerError(
        "a tensor of numbers is added to a value", remedy="add it as the bias of a layer before"
    )


def _total(total: Value, step: Value) -> Value | None:
    """Return the sum of one more step, if the first value is that of those before."""
    if step.form is not Form.STEP or total.node != step.node or total.axes != step.axes:
        return None
    begun = total.form is Form.STEP and total.step == 0 and step.step == 1
    if begun or (total.form is Form.SUM and total.step == step.step):
        return replace(step, form=Form.SUM, step=step.step + 1)
    return None


def _multiply(fold: Fold, call: Call) -> Known:
    first, second = _operands(fold, call)
    for value, factor in ((first, second), (second, first)):
        if isinstance(value, Product) and isinstance(factor, float):
            return replace(value, scale=value.scale * factor)
        if isinstance(value, Value) and isinstance(factor, float):
            return value if factor == 1.0 else _scaled(fold, value, factor=factor)
    return _joined(fold, call, "multiply")


def _divide(fold: Fold, call: Call) -> Known:
    value, divisor = _operands(fold, call)
    if isinstance(value, Product) and isinstance(divisor, float) and divisor:
        return replace(value, scale=value.scale / divisor)
    if isinstance(value, Value) and isinstance(divisor, float):
        return value if divisor == 1.0 else _scaled(fold, value, divisor=divisor)
    raise UnsupportedLayerError("a quotient of values", remedy=_SCALED)


def _scaled(fold: Fold, value: Value, *, factor: float = 1.0, divisor: float = 1.0) -> Value:
    """Return a value times a number; a sum over time divided by its steps is the mean."""
    counted = value.form is Form.SUM or (value.form is Form.DECODED and value.decoder == "count")
    if counted and abs(divisor - factor * value.step) < 1e-6 * factor * value.step:
        return replace(value, form=Form.DECODED, decoder="rate")
    return _affine(fold, value, factor=factor, divisor=divisor)


def _affine(fold: Fold, value: Value, **numbers: float) -> Value:
    """Return the value of a layer that scales or moves all values alike.

    Raises:
        UnsupportedLayerError: if the numbers are not finite, or nothing is left of the values.
    """
    name = {"factor": "multiplied by", "divisor": "divided by", "offset": "moved by"}
    (kind, number), *_ = [pair for pair in numbers.items() if pair[1] != (pair[0] != "offset")]
    if not isfinite(number) or (number == 0.0 and kind != "offset"):
        raise UnsupportedLayerError(f"a value is {name[kind]} {number:g}", remedy=_SCALED)
    read = live(fold, value, f"a value {name[kind]} {number:g}")
    stem = f"{read.node}_{'moved' if kind == 'offset' else 'scaled'}"
    return fold.derived(read, stem, lambda: layer.Affine(**numbers), kind, number)


def _subtract(fold: Fold, call: Call) -> Known:
    first, second = _operands(fold, call)
    if isinstance(first, Value) and isinstance(second, float):
        return first if second == 0.0 else _affine(fold, first, offset=-second)
    raise UnsupportedLayerError(
        "a difference of values", remedy="use a product with one minus a value, or weights of -1"
    )


def _negated(fold: Fold, call: Call) -> Known:
    return _affine(fold, live(fold, fold.value(call.refs[0]), call.name), factor=-1.0)


def _from_one(fold: Fold, call: Call) -> Known:
    """Return one minus a value; Python gives the value first."""
    value, whole = _operands(fold, call)
    if whole != 1.0:
        raise UnsupportedLayerError("a difference of values", remedy=_SCALED)
    read = live(fold, value, "one minus a value") if not isinstance(value, float) else None
    assert read is not None
    key = ("complement", read.node)
    node = fold.node(key, "complement", (read.node,), function="complement")
    return fold.at(read.of(node.name))


def _joined(fold: Fold, call: Call, function: str) -> Value:
    """Return the sum or product of two values of the same step.

    Raises:
        UnsupportedLayerError: if they are of different steps, or of different shapes.
    """
    refs = [value for value in call.args[:2] if isinstance(value, Ref)]
    first, second = (live(fold, fold.value(ref), function) for ref in refs)
    shapes = [fold.shape(ref) for ref in refs]
    if shapes[0] != shapes[1] or first.axes != second.axes:
        raise UnsupportedLayerError(
            f"{function} of values of different shapes: {shapes[0]} and {shapes[1]}",
            remedy="let both have the same shape",
        )
    moving = [value for value in (first, second) if value.form is not Form.STILL]
    if len({(value.form, value.step) for value in moving}) > 1:
        raise UnsupportedLayerError(
            f"{function} of values of different steps ({first.step} and {second.step})",
            remedy="feedback and shifts over time belong into layer.Recurrent and layer.Delay",
        )
    key = (function, first.node, second.node)
    node = fold.node(key, function, (first.node, second.node), function=function)
    return fold.at((moving or [first])[0].of(node.name))


def _names(word: str) -> tuple[str, ...]:
    return (word, f"{word}_", f"__{word}__", f"__i{word}__")


ARITHMETIC: dict[str, Callable[[Fold, Call], Known]] = {
    **dict.fromkeys((*_names("add"), "__radd__"), _add),
    **dict.fromkeys((*_names("mul"), "__rmul__", "multiply", "logical_and"), _multiply),
    **dict.fromkeys((*_names("div"), "__truediv__", "true_divide"), _divide),
    **dict.fromkeys((*_names("sub"), "subtract"), _subtract),
    **dict.fromkeys(("__neg__", "neg", "negative"), _negated),
    **dict.fromkeys(("__rsub__", "rsub"), _from_one),
}
