"""Sums and products of values, and sums over time that the user's code adds up step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.recording.calls import Call, Ref
from neurodeploy.frontend.foreign.recording.fold import Fold
from neurodeploy.frontend.foreign.recording.rules.modules import live
from neurodeploy.frontend.foreign.recording.values import Fixed, Form, Known, Value

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
    if isinstance(first, Value) and isinstance(second, Value):
        total = _total(first, second) or _total(second, first)
        return _joined(fold, call, "add") if total is None else total
    raise UnsupportedLayerError(
        "a number is added to a value", remedy="add it as the bias of a layer before"
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
        if isinstance(value, Value) and isinstance(factor, float):
            return value if factor == 1.0 else _scaled(value, 1.0 / factor if factor else 0.0)
    return _joined(fold, call, "multiply")


def _divide(fold: Fold, call: Call) -> Known:
    value, divisor = _operands(fold, call)
    if isinstance(value, Value) and isinstance(divisor, float):
        return value if divisor == 1.0 else _scaled(value, divisor)
    raise UnsupportedLayerError("a quotient of values", remedy=_SCALED)


def _scaled(value: Value, divisor: float) -> Value:
    """Return a sum over time divided by the number of its steps."""
    counted = value.form is Form.SUM or (value.form is Form.DECODED and value.decoder == "count")
    if counted and abs(divisor - value.step) < 1e-6 * value.step:
        return replace(value, form=Form.DECODED, decoder="rate")
    raise UnsupportedLayerError(
        f"a value is multiplied by {1 / divisor if divisor else 0:g}", remedy=_SCALED
    )


def _subtract(fold: Fold, call: Call) -> Known:
    first, second = _operands(fold, call)
    if isinstance(first, Value) and second == 0.0:
        return first
    raise UnsupportedLayerError(
        "a difference of values", remedy="use a product with one minus a value, or weights of -1"
    )


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
    **dict.fromkeys(_names("sub"), _subtract),
    **dict.fromkeys(("__rsub__", "rsub"), _from_one),
}
