"""Functions that take a sequence apart into steps, put steps together, or decode over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.recording.calls import Call, Ref
from neurodeploy.frontend.foreign.recording.fold import Fold, buffer_value
from neurodeploy.frontend.foreign.recording.rules.arguments import argument, axis_of, parts_of
from neurodeploy.frontend.foreign.recording.rules.modules import live
from neurodeploy.frontend.foreign.recording.rules.pools import mean_within, sum_within
from neurodeploy.frontend.foreign.recording.rules.shapes import concatenated
from neurodeploy.frontend.foreign.recording.values import (
    SAMPLE,
    TIME,
    UNIT,
    Buffer,
    Fixed,
    Form,
    Known,
    Opaque,
    Value,
)
from snncore import layer

_WHOLE = "read all steps, or one step after another"


def _item(fold: Fold, call: Call) -> Known:
    """Return a step of a sequence, or a part of a sample."""
    read = fold.value(call.refs[0])
    if isinstance(read, Buffer):
        whole = buffer_value(read, fold.steps or len(read.steps))
        if whole is None:
            raise UnsupportedLayerError("a tensor is read before all steps are in it")
        fold.lasts(len(read.steps))
        read = whole
    value = live(fold, read, "an index")
    for axis, part in _expanded(call.args[1], len(value.axes)):
        if part == slice(None):
            continue
        name = value.axes[axis]
        if name == TIME and type(part) is int:
            return _only(fold, call, value, axis, part)
        if name == SAMPLE and isinstance(part, slice) and value.is_plain:
            value = _slice(fold, value, axis, part)
            continue
        words = {TIME: "some of the steps are read", SAMPLE: "a part of a sample is read"}
        raise UnsupportedLayerError(
            f"{words.get(name, 'some of the batch is read')}: {part}", remedy=_WHOLE
        )
    return value


def _only(fold: Fold, call: Call, value: Value, axis: int, step: int) -> Value:
    """Return one step of a sequence, of which the index says nothing else."""
    others = [part for n, part in _expanded(call.args[1], len(value.axes)) if n != axis]
    if any(part != slice(None) for part in others):
        raise UnsupportedLayerError("a part of one step is read", remedy=_WHOLE)
    axes = tuple(name for n, name in enumerate(value.axes) if n != axis)
    return replace(value, axes=axes, form=Form.STEP, step=step % fold.steps)


def _slice(fold: Fold, value: Value, axis: int, part: slice) -> Value:
    ends = (part.start, part.stop, part.step or 1)
    inner = axis - value.leading
    return fold.derived(
        value, f"{value.node}_part", lambda: layer.Slice(inner, *ends), inner, *map(str, ends)
    )


def _expanded(index: Any, axes: int) -> list[tuple[int, Any]]:
    """Return what an index says of every axis."""
    parts = list(index) if isinstance(index, tuple) else [index]
    if any(part is None or isinstance(part, Ref | list | bool) for part in parts):
        raise UnsupportedLayerError("an index with values", remedy=_WHOLE)
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts[at : at + 1] = [slice(None)] * (axes - len(parts) + 1)
    return list(enumerate(parts + [slice(None)] * (axes - len(parts))))


def _set_item(fold: Fold, call: Call) -> Known:
    """Return a tensor into which one more step was written."""
    target, index, source = call.args[:3]
    buffer, value = fold.value(target), live(fold, fold.value(source), "a tensor")
    parts = _expanded(index, len(fold.shape(target)))
    positions = [(axis, part) for axis, part in parts if part != slice(None)]
    if len(positions) != 1 or type(positions[0][1]) is not int or value.form is not Form.STEP:
        raise UnsupportedLayerError("a part of a tensor is changed", remedy=_WHOLE)
    ((axis, position),) = positions
    before = buffer.steps if isinstance(buffer, Buffer) and buffer.axis == axis else ()
    if not isinstance(buffer, Buffer | Fixed) or position != len(before) or value.step != position:
        raise UnsupportedLayerError(
            f"step {value.step} is written at {position}", remedy="write the steps in their order"
        )
    return Buffer(axis, (*before, value))


def _unbind(fold: Fold, call: Call) -> Sequence[Known]:
    """Return all steps of a sequence."""
    value = live(fold, fold.value(call.refs[0]), call.name)
    axis = axis_of(call, len(value.axes))
    if axis is None or value.axes[axis] != TIME:
        raise UnsupportedLayerError(
            f"{call.name} along an axis that is not time", remedy="read single steps"
        )
    axes = tuple(name for n, name in enumerate(value.axes) if n != axis)
    one = replace(value, axes=axes, form=Form.STEP)
    return [replace(one, step=step) for step in range(fold.steps)]


def _select(fold: Fold, call: Call) -> Known:
    value = live(fold, fold.value(call.refs[0]), call.name)
    axis, step = axis_of(call, len(value.axes)), argument(call, 2, "index")
    if axis is None or value.axes[axis] != TIME or type(step) is not int:
        raise UnsupportedLayerError("a part of a sample is read", remedy=_WHOLE)
    axes = tuple(name for n, name in enumerate(value.axes) if n != axis)
    return replace(value, axes=axes, form=Form.STEP, step=step % fold.steps)


def _stack(fold: Fold, call: Call) -> Value:
    """Return steps put together to a sequence."""
    values = [live(fold, fold.value(ref), call.name) for ref in parts_of(call)]
    axis = axis_of(call, len(values[0].axes) + 1)
    axes = list(values[0].axes)
    axes.insert(0 if axis is None else axis, TIME)
    return together(fold, values, tuple(axes))


def together(fold: Fold, values: Sequence[Value], axes: tuple[str, ...]) -> Value:
    """Return the sequence that values of single steps make.

    Raises:
        UnsupportedLayerError: if they are not those of one layer, step after step.
    """
    first = values[0]
    still = first.form is Form.STILL and all(value == first for value in values)
    steps = [replace(first, step=n) for n in range(len(values))]
    if not still and (first.form is not Form.STEP or list(values) != steps):
        raise UnsupportedLayerError(
            "values are put together that are not the steps of one layer in their order",
            remedy="put the same layer's values together, one of each step",
        )
    fold.lasts(len(values))
    return fold.at(replace(first, axes=axes, form=Form.WHOLE, step=0))


def _concatenate(fold: Fold, call: Call) -> Value:
    """Return steps with an axis of length 1 put together along it, or samples joined."""
    values = [live(fold, fold.value(ref), call.name) for ref in parts_of(call)]
    axis = axis_of(call, len(values[0].axes))
    if axis is None or values[0].axes[axis] != UNIT:
        return concatenated(fold, call)
    axes = tuple(TIME if n == axis else name for n, name in enumerate(values[0].axes))
    return together(fold, values, axes)


# What a sum or a mean makes of the axes of a sample, if it goes over those.
_WITHIN = {"rate": mean_within, "count": sum_within}


def _decode(decoder: str) -> Callable[[Fold, Call], Known | Sequence[Known]]:
    def rule(fold: Fold, call: Call) -> Known | Sequence[Known]:
        within = _WITHIN.get(decoder)
        if within is not None and (inner := within(fold, call)) is not None:
            return inner
        read = fold.value(call.refs[0])
        value = live(fold, read, call.name)
        axis = axis_of(call, len(value.axes), otherwise=None)
        if axis is None or value.axes[axis] != TIME or argument(call, 2, "keepdim", False):
            raise UnsupportedLayerError(
                f"{call.name} over something other than time",
                remedy="decode over time alone, at the end",
            )
        axes = tuple(name for n, name in enumerate(value.axes) if n != axis)
        decoded = replace(value, axes=axes, form=Form.DECODED, decoder=decoder, step=fold.steps)
        # The second result of max are the steps, which no decoder tells.
        error = UnsupportedLayerError("the step of the largest value is read", remedy=_WHOLE)
        return [decoded, *[Opaque(error, 0)] * (len(call.results) - 1)]

    return rule


STEPS: dict[str, Callable[[Fold, Call], Known | Sequence[Known]]] = {
    "__getitem__": _item,
    "__setitem__": _set_item,
    "select": _select,
    **dict.fromkeys(("unbind", "__iter__"), _unbind),
    "stack": _stack,
    **dict.fromkeys(("cat", "concat", "concatenate"), _concatenate),
    "sum": _decode("count"),
    "mean": _decode("rate"),
    **dict.fromkeys(("max", "amax"), _decode("largest_value")),
}
