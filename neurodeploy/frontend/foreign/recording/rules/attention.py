"""Attention of spikes as people write it: `(q @ k.transpose(-2, -1)) * scale @ v`.

Queries, keys and values are (heads, tokens, channels of a head), or have a single head.
"""

from __future__ import annotations

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.recording.calls import Call
from neurodeploy.frontend.foreign.recording.fold import Fold
from neurodeploy.frontend.foreign.recording.rules.arguments import argument
from neurodeploy.frontend.foreign.recording.rules.modules import live
from neurodeploy.frontend.foreign.recording.values import Known, Product, Value
from snncore import layer

Shape = tuple[int, ...]
_REMEDY = (
    "write queries @ keys.transpose(-2, -1) @ values of (heads, tokens, channels) without a "
    "softmax, or use snncore.layer.SpikeAttention"
)


def matrices_multiplied(fold: Fold, call: Call) -> Known:
    """Return a product of matrices, or attention if it is the second of two.

    Raises:
        UnsupportedLayerError: if three values are not attention.
    """
    refs = [argument(call, 0, "input"), argument(call, 1, "other")]
    first, second = (fold.value(ref) for ref in refs)
    for value, ref in zip((first, second), refs, strict=True):
        if isinstance(value, Value):
            fold.inner[value.node] = fold.shape(ref)[value.leading :]
    if isinstance(first, Product):
        values = live(fold, second, call.name)
        return _attention(fold, first.first, first.second, values, first.scale)
    if isinstance(second, Product):
        queries = live(fold, first, call.name)
        return _attention(fold, queries, second.first, second.second, second.scale)
    pair = live(fold, first, call.name), live(fold, second, call.name)
    for value, ref in zip(pair, refs, strict=True):
        shape = fold.shape(ref)[value.leading :]
        if not value.is_plain or value.axes != pair[0].axes or len(shape) not in (2, 3):
            raise UnsupportedLayerError(f"a product of matrices of {shape}", remedy=_REMEDY)
    return Product(*pair)


def _attention(fold: Fold, queries: Value, turned: Value, values: Value, scale: float) -> Value:
    """Return the attended values; keys are turned, with tokens last."""
    shape = fold.inner[queries.node]
    expected = (*shape[:-2], shape[-1], shape[-2])
    alike = {(each.axes, each.form, each.step) for each in (queries, turned, values)}
    shapes = fold.inner[turned.node], fold.inner[values.node]
    if shapes != (expected, shape) or len(alike) != 1:
        raise UnsupportedLayerError("a product of matrices that is not attention", remedy=_REMEDY)
    heads, tokens, width = (1, *shape)[-3:]
    # Channels first, as in an image of one column.
    back = (len(shape) - 3, len(shape) - 1, len(shape) - 2)[-len(shape) :]
    image = heads * width, tokens, 1
    parts = []
    for value in (queries, turned, values):
        first = value if value is turned else _turned(fold, value, back)
        parts.append(_shaped(fold, first, image).node)
    key = ("attention", scale, *parts)
    build = lambda: layer.SpikeAttention(heads, scale)  # noqa: E731
    node = fold.node(key, "attention", tuple(parts), build)
    attended = fold.at(queries.of(node.name, queries.shaped(3)))
    return _turned(fold, _shaped(fold, attended, expected), back)


def _turned(fold: Fold, value: Value, order: tuple[int, ...]) -> Value:
    """Return a value with its last two axes exchanged."""
    axes = list(order)
    return fold.derived(value, f"{value.node}_turned", lambda: layer.Permute(axes), *axes)


def _shaped(fold: Fold, value: Value, shape: Shape) -> Value:
    shaped = fold.derived(value, f"{value.node}_shape", lambda: layer.Reshape(shape), shape)
    return shaped.of(shaped.node, value.shaped(len(shape)))


MATRICES = dict.fromkeys(("matmul", "__matmul__"), matrices_multiplied)
