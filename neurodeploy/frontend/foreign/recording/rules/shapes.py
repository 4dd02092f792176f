"""Functions that reshape a step or a sequence, and put its axes in another order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.recording.calls import Call
from neurodeploy.frontend.foreign.recording.fold import Fold
from neurodeploy.frontend.foreign.recording.rules.arguments import argument, parts_of, several
from neurodeploy.frontend.foreign.recording.rules.modules import live
from neurodeploy.frontend.foreign.recording.values import (
    BOTH,
    SAMPLE,
    TIME,
    UNIT,
    Form,
    Known,
    Value,
)
from snncore import layer

_APART = "keep time and batch apart from the axes of a sample"


def _reshaped(fold: Fold, call: Call) -> Known:
    """Return the value in another shape: time and batch kept, merged or parted again."""
    ref = call.refs[0]
    read = fold.value(ref)
    before, after = fold.shape(ref), fold.recording.shapes[call.results[0]]
    if isinstance(read, Value) and read.form in (Form.SUM, Form.DECODED) and before == after:
        return read
    value = live(fold, read, call.name)
    if not value.is_plain:
        raise UnsupportedLayerError(
            f"{call.name} of a value whose axes are {' x '.join(value.axes)}", remedy=_APART
        )
    sizes, lead = before[: value.leading], value.axes[: value.leading]
    leading = _leading(fold, lead, sizes, after)
    if leading is None or prod(after[len(leading) :]) != prod(before[len(lead) :]):
        raise UnsupportedLayerError(
            f"{call.name} mixes time or batch with a sample: {before} to {after}", remedy=_APART
        )
    inner = after[len(leading) :]
    moved = replace(value, axes=(*leading, *[SAMPLE] * len(inner)))
    return moved if inner == before[len(lead) :] else _inner(fold, moved, inner)


def _inner(fold: Fold, value: Value, inner: tuple[int, ...]) -> Value:
    """Return the value with samples of another shape."""
    if len(inner) == 1:
        return fold.derived(value, f"{_stem(value)}_flat", layer.Flatten)
    return fold.derived(value, f"{_stem(value)}_shape", lambda: layer.Reshape(inner), inner)


def _stem(value: Value) -> str:
    return value.node


def _leading(
    fold: Fold, lead: tuple[str, ...], sizes: tuple[int, ...], after: tuple[int, ...]
) -> tuple[str, ...] | None:
    """Return the axes of time and batch behind a reshape, or None if they do not stay."""
    if after[: len(lead)] == sizes:
        return lead
    if len(lead) == 2 and after[:1] == (prod(sizes),):
        return ("".join(lead),)
    if lead in ((BOTH,), ("NT",)) and fold.steps and sizes[0] % fold.steps == 0:
        apart = (fold.steps, sizes[0] // fold.steps)
        apart = apart if lead == (BOTH,) else apart[::-1]
        if after[:2] == apart:
            return tuple(lead[0])
    return None


def _ordered(fold: Fold, call: Call, order: Sequence[int]) -> Value:
    """Return the value with its axes in another order."""
    value = live(fold, fold.value(call.refs[0]), call.name)
    axes = tuple(value.axes[index] for index in order)
    samples = [index for index in order if value.axes[index] in (SAMPLE, UNIT)]
    if samples == sorted(samples):
        return replace(value, axes=axes)
    if order[: value.leading] != list(range(value.leading)):
        raise UnsupportedLayerError(f"{call.name} moves batch and samples", remedy=_APART)
    inner = [index - value.leading for index in order[value.leading :]]
    return fold.derived(value, f"{_stem(value)}_order", lambda: layer.Permute(inner), *inner)


def _permute(fold: Fold, call: Call) -> Value:
    count = len(fold.shape(call.refs[0]))
    return _ordered(fold, call, [dim % count for dim in several(call, "dims")])


def _transpose(fold: Fold, call: Call) -> Value:
    count = len(fold.shape(call.refs[0]))
    order = list(range(count))
    first, second = (argument(call, n + 1, f"dim{n}") % count for n in (0, 1))
    order[first], order[second] = second, first
    return _ordered(fold, call, order)


def _movedim(fold: Fold, call: Call) -> Value:
    count = len(fold.shape(call.refs[0]))
    source, target = (argument(call, n, name) for n, name in ((1, "source"), (2, "destination")))
    if type(source) is not int or type(target) is not int:
        raise UnsupportedLayerError("several axes are moved at once", remedy="use permute")
    order = [index for index in range(count) if index != source % count]
    order.insert(target % count, source % count)
    return _ordered(fold, call, order)


def _unsqueeze(fold: Fold, call: Call) -> Value:
    value = live(fold, fold.value(call.refs[0]), call.name)
    axes = list(value.axes)
    axes.insert(argument(call, 1, "dim") % (len(axes) + 1), UNIT)
    return replace(value, axes=tuple(axes))


def _squeeze(fold: Fold, call: Call) -> Known:
    value = live(fold, fold.value(call.refs[0]), call.name)
    if UNIT in value.axes and len(fold.recording.shapes[call.results[0]]) == len(value.axes) - 1:
        axes = list(value.axes)
        axes.remove(UNIT)
        return replace(value, axes=tuple(axes))
    return _reshaped(fold, call)


def _repeated(fold: Fold, call: Call) -> Value:
    """Return a value that is the same in all steps as a sequence."""
    ref = call.refs[0]
    value = live(fold, fold.value(ref), call.name)
    before, after = fold.shape(ref), fold.recording.shapes[call.results[0]]
    axes = (*[UNIT] * (len(after) - len(before)), *value.axes)
    sizes = (*[1] * (len(after) - len(before)), *before)
    longer = [n for n, pair in enumerate(zip(sizes, after, strict=True)) if pair[0] != pair[1]]
    if not longer and UNIT in axes and value.form is Form.STILL:
        longer = [axes.index(UNIT)]
    if len(longer) != 1 or axes[longer[0]] != UNIT or value.form is not Form.STILL:
        raise UnsupportedLayerError(
            f"{call.name} repeats values: {before} to {after}",
            remedy="repeat a whole image over time, or use layer.Upsample",
        )
    fold.lasts(after[longer[0]])
    spread = tuple(TIME if n == longer[0] else axis for n, axis in enumerate(axes))
    return fold.at(replace(value, axes=spread, form=Form.WHOLE))


def concatenated(fold: Fold, call: Call) -> Value:
    """Return values joined along an axis of their samples."""
    refs = parts_of(call)
    values = [live(fold, fold.value(ref), call.name) for ref in refs]
    dim = argument(call, 1, "dim", call.kwargs.get("axis", 0)) % len(values[0].axes)
    first = values[0]
    alike = {(value.axes, value.form, value.step) for value in values}
    if len(alike) != 1 or not first.is_plain or dim < first.leading or UNIT in first.axes:
        raise UnsupportedLayerError(
            f"{call.name} joins values of different steps, or along time or batch", remedy=_APART
        )
    axis, inputs = dim - first.leading, tuple(value.node for value in values)
    node = fold.node(("cat", axis, *inputs), "joined", inputs, lambda: layer.Concat(axis))
    return fold.at(first.of(node.name))


_RESHAPES = ("view", "reshape", "flatten", "unflatten", "reshape_as", "view_as", "squeeze_")
SHAPES: dict[str, Callable[[Fold, Call], Known]] = {
    **dict.fromkeys(_RESHAPES, _reshaped),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _transpose),
    **dict.fromkeys(("movedim", "moveaxis"), _movedim),
    **dict.fromkeys(("repeat", "expand", "tile", "expand_as"), _repeated),
    "permute": _permute,
    "unsqueeze": _unsqueeze,
    "squeeze": _squeeze,
}
