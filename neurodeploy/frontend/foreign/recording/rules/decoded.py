"""Layers behind a decoder over time, which compute the same before it.

The mean of what weights return is what they return for the mean, but for rounding; so is the last
value. What only moves values commutes with every decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.recording.calls import Call
from neurodeploy.frontend.foreign.recording.fold import Fold
from neurodeploy.frontend.foreign.recording.leaves import Leaf
from neurodeploy.frontend.foreign.recording.values import Form, Known, Value
from snncore import layer

Rule = Callable[[Fold, Call], Known | Sequence[Known]]

_WEIGHTS = (layer.Linear, layer.Conv1d, layer.Conv2d, layer.Conv3d)
_MEANS = (layer.AvgPool1d, layer.AvgPool2d, layer.AdaptiveAvgPool1d, layer.AdaptiveAvgPool2d)
_LINEAR = (*_WEIGHTS, *_MEANS, layer.SumPool2d, layer.Vote)
_MOVING = (layer.Flatten, layer.Reshape)


def decoded(fold: Fold, value: Known) -> Value | None:
    """Return a value that was decoded, or the sum of all steps; None for any other."""
    if not isinstance(value, Value) or value.form not in (Form.DECODED, Form.SUM):
        return None
    if value.form is Form.DECODED:
        return value
    whole = value.step == (fold.steps or value.step)
    return replace(value, form=Form.DECODED, decoder="count") if whole else None


def before_decoder(fold: Fold, call: Call, rule: Rule, value: Value) -> list[Known]:
    """Return what a call makes of a decoded value: a layer before the decoder, which stays last."""
    number, steps = call.refs[0].number, fold.steps or value.step
    earlier, read = set(fold.nodes), fold.values[number]
    fold.values[number] = replace(value, form=Form.STEP, step=steps - 1, decoder="")
    try:
        results = rule(fold, call)
    finally:
        fold.values[number] = read
    for name in set(fold.nodes) - earlier:
        fold.nodes[name].steps.update(range(steps))
    several = results if isinstance(results, Sequence) else [results]
    return [_behind(result, value) for result in several]


def layer_before(fold: Fold, call: Call, leaf: Leaf, rule: Rule, value: Value) -> list[Known]:
    """Return what a layer makes of a decoded value, as a layer before the decoder.

    Raises:
        UnsupportedLayerError: if it does not compute the same there.
    """
    ours, decoder = leaf.layer("s"), value.decoder
    linear = isinstance(ours, _LINEAR) or (isinstance(ours, layer.BatchNorm) and decoder != "count")
    if not isinstance(ours, _MOVING) and (not linear or decoder == "largest_value"):
        raise UnsupportedLayerError(
            f"{leaf.path} ({leaf.kind}) reads the {decoder.replace('_', ' ')} over time",
            remedy="put it before the decoder; weights may also read the mean or the last value",
        )
    results = before_decoder(fold, call, rule, value)
    (result,) = results
    if decoder == "count" and isinstance(ours, _WEIGHTS) and isinstance(result, Value):
        node, steps = fold.nodes[result.node], fold.steps or value.step
        build = node.build
        node.build = lambda: _with_shares(build(), steps) if build is not None else nn.Identity()
    return results


def _with_shares(weights: Any, steps: int) -> nn.Module:
    """Return weights that add a share of their bias in every step."""
    if weights.bias is not None:
        with torch.no_grad():
            weights.bias.div_(steps)
    shared: nn.Module = weights
    return shared


def _behind(result: Known, value: Value) -> Known:
    if not isinstance(result, Value):
        return result
    return replace(result, form=Form.DECODED, decoder=value.decoder, step=value.step)
