"""Torch's functions that are layers: pools, and weights that are called as functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.recording.calls import Call
from neurodeploy.frontend.foreign.recording.fold import Fold
from neurodeploy.frontend.foreign.recording.rules.arguments import argument
from neurodeploy.frontend.foreign.recording.rules.modules import live, plain
from neurodeploy.frontend.foreign.recording.values import Fixed, Form, Value
from quant.convert.plain import our_layer
from snncore import functional, layer

# Each is the name of a layer of torch's, spelled as a function.
_POOLS = tuple(f"{kind}_pool{axes}d" for kind in ("max", "avg", "adaptive_avg") for axes in (1, 2))


def _pooled(fold: Fold, call: Call) -> Value:
    """Return what a pool makes of a step."""
    options = dict(call.kwargs)
    read = options.pop("input", call.args[0] if call.args else None)
    kind = getattr(nn, "".join(word.capitalize() for word in call.name.split("_")))
    pool: nn.Module = kind(*call.args[1:], **options)
    return _through(fold, call, read, pool, repr(pool))


def _linear(fold: Fold, call: Call) -> Value:
    weight, bias = (_fixed(fold, call, n, name) for n, name in ((1, "weight"), (2, "bias")))
    assert weight is not None
    module = nn.Linear(weight.shape[1], weight.shape[0], bias is not None)
    return _weighted(fold, call, module, weight, bias)


def _convolution(fold: Fold, call: Call) -> Value:
    weight, bias = (_fixed(fold, call, n, name) for n, name in ((1, "weight"), (2, "bias")))
    assert weight is not None
    names = inspect.signature(nn.Conv2d).parameters
    options = {
        name: argument(call, index, name, names[name].default)
        for index, name in enumerate(("stride", "padding", "dilation", "groups"), 3)
    }
    channels = weight.shape[1] * options["groups"], weight.shape[0]
    height, width = weight.shape[2:]
    module = nn.Conv2d(*channels, (height, width), bias=bias is not None, **options)
    return _weighted(fold, call, module, weight, bias)


def _weighted(fold: Fold, call: Call, module: Any, weight: torch.Tensor, bias: Any) -> Value:
    with torch.no_grad():
        module.weight.copy_(weight)
        if bias is not None:
            module.bias.copy_(bias)
    # The same weights are the same layer in every step.
    return _through(fold, call, call.args[0], module, [ref.number for ref in call.refs[1:]])


def _fixed(fold: Fold, call: Call, index: int, name: str) -> torch.Tensor | None:
    ref = argument(call, index, name)
    if ref is None:
        return None
    value = fold.value(ref)
    if not isinstance(value, Fixed):
        raise UnsupportedLayerError(
            f"{call.name} has a {name} that depends on the input",
            remedy="use layers with weights of their own",
        )
    return value.tensor


def _through(fold: Fold, call: Call, read: Any, module: nn.Module, key: Any) -> Value:
    value = live(fold, fold.value(read), call.name)
    value = plain(fold, value, call.name, fold.shape(read))
    if value.leading != 1 and not isinstance(module, nn.Linear):
        raise UnsupportedLayerError(
            f"{call.name} reads a sequence, and takes time for something else",
            remedy="merge time and batch before it (x.flatten(0, 1))",
        )
    try:
        ours = our_layer(module.eval(), call.name, "s")
    except ValueError as error:
        raise UnsupportedLayerError(str(error)) from error
    if ours is None:
        raise UnsupportedLayerError(f"{call.name} has an option that no layer of ours has")
    layer_of_ours = ours
    functional.set_step_mode(layer_of_ours, "m")
    result = fold.derived(value, call.name, lambda: layer_of_ours.eval(), str(key))
    axes = len(fold.recording.shapes[call.results[0]]) - value.leading
    return result.of(result.node, value.shaped(axes))


def is_within(fold: Fold, call: Call) -> bool:
    """Return whether a sum or a mean goes over axes of a sample alone."""
    value, inner = _inner_axes(fold, call)
    return value is not None and bool(inner) and min(inner) >= 0


def _inner_axes(fold: Fold, call: Call) -> tuple[Value | None, set[int]]:
    """Return the value that is read, and over which axes of a sample."""
    ref = call.refs[0]
    value, shape = fold.value(ref), fold.shape(ref)
    dims = argument(call, 1, "dim", call.kwargs.get("axis"))
    several = dims if isinstance(dims, list | tuple) else [dims]
    axes = {dim % len(shape) for dim in several if type(dim) is int}
    if not isinstance(value, Value) or not axes or not value.is_plain:
        return None, set()
    return value, {axis - value.leading for axis in axes}


def sum_within(fold: Fold, call: Call) -> Value | None:
    """Return the sums of groups of neurons, as votes for a class; None if it is another sum."""
    value, inner = _inner_axes(fold, call)
    if value is None or value.sample_axes != 2 or inner not in ({0}, {1}):
        return None
    if argument(call, 2, "keepdim", False):
        return None
    value, (axis,) = live(fold, value, call.name), inner
    voters = fold.shape(call.refs[0])[value.leading + axis]
    if axis == 0:
        value = fold.derived(value, f"{value.node}_turned", lambda: layer.Permute([1, 0]), 1, 0)
    flat = fold.derived(value, f"{value.node}_flat", layer.Flatten)
    sums = fold.derived(flat, "sums", lambda: layer.Vote(voters, adds=True), voters)
    return sums.of(sums.node, value.shaped(1))


def mean_within(fold: Fold, call: Call) -> Value | None:
    """Return the mean of an image, or over tokens, as a pool; None if it is another mean."""
    value, inner = _inner_axes(fold, call)
    if value is None:
        return None
    shape = fold.shape(call.refs[0])
    if value.sample_axes == 2 and inner in ({0}, {1}) and value.form is not Form.DECODED:
        return _mean_of_line(fold, call, live(fold, value, call.name), *inner)
    if value.sample_axes != 3 or inner != {1, 2}:
        return None
    value = plain(fold, live(fold, value, call.name), call.name, shape)
    pooled = fold.derived(value, "mean", lambda: layer.AdaptiveAvgPool2d(1))
    if argument(call, 2, "keepdim", False):
        return pooled
    flat = fold.derived(pooled, "mean_flat", layer.Flatten)
    return flat.of(flat.node, value.shaped(1))


def _mean_of_line(fold: Fold, call: Call, value: Value, axis: int) -> Value | None:
    """Return the mean along one of two axes, of which the other one counts as channels."""
    if argument(call, 2, "keepdim", False):
        return None
    if axis == 0:
        value = fold.derived(value, f"{value.node}_turned", lambda: layer.Permute([1, 0]), 1, 0)
    pooled = fold.derived(value, "mean", lambda: layer.AdaptiveAvgPool1d(1))
    flat = fold.derived(pooled, "mean_flat", layer.Flatten)
    return flat.of(flat.node, value.shaped(1))


POOLS: dict[str, Callable[[Fold, Call], Value]] = {
    **dict.fromkeys(_POOLS, _pooled),
    F.linear.__name__: _linear,
    "conv2d": _convolution,
}
