"""SpikingJelly's neurons within containers that feed back what they sent a step before."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from neurodeploy.frontend.foreign.building import refusal
from neurodeploy.frontend.foreign.form import OUTPUT, Framework, Taken
from neurodeploy.frontend.foreign.layers import linear
from neurodeploy.frontend.foreign.neurons.spikingjelly import SPIKINGJELLY as _PLAIN
from snncore import layer

_REMEDY = "use a container of one neuron, with its weights before the container"
_SPLIT = (
    "its weights are those of the input and those of the feedback, whose sums are added: last bits "
    "may differ"
)


def _take_element_wise(module: Any) -> Taken:
    """Return neurons to whose input their last spikes are added.

    Raises:
        UnsupportedLayerError: if the container joins them in another way.
    """
    body = _body(module)
    first, second = torch.randn(2, 64, generator=torch.Generator().manual_seed(0))
    joined = module.element_wise_function(first, second)
    if not isinstance(joined, torch.Tensor) or not torch.equal(joined, first + second):
        raise refusal(module, "joins spikes and input by another function", "use torch.add")
    return _taken(module, layer.Recurrent(body.layer), body)


def _take_linear(module: Any) -> Taken:
    """Return weights of the input, and neurons with weights of their last spikes."""
    body, weights = _body(module), module.rc
    inputs = weights.in_features - module.sub_module_out_features
    if module.sub_module_out_features != weights.out_features:
        raise refusal(module, "feeds back another number of values than it sends", _REMEDY)
    before = linear(weights.weight[:, :inputs], weights.bias)
    back = linear(weights.weight[:, inputs:], None)
    fed = nn.Sequential(before, layer.Recurrent(body.layer, back))
    return _taken(module, fed, body, _SPLIT)


def _taken(module: Any, ours: nn.Module, body: Taken, split: str = "") -> Taken:
    note = "; ".join(words for words in (body.note, split) if words)
    time = 0 if module.step_mode == "m" else None
    return Taken(ours, (OUTPUT,), time, note, axes=body.axes)


def _body(module: Any) -> Taken:
    """Return the neuron within a container.

    Raises:
        UnsupportedLayerError: if there is anything else.
    """
    inner = module.sub_module
    kind = type(inner).__qualname__
    if kind in _PLAIN.refused:
        raise refusal(inner, *_PLAIN.refused[kind])
    take = _PLAIN.neurons.get(kind)
    if take is None or not type(inner).__module__.startswith("spikingjelly."):
        raise refusal(module, f"contains {kind} and not a neuron", _REMEDY)
    body = take(inner)
    if body.decoder:
        raise refusal(module, f"contains {kind}, which shows one value of all steps", _REMEDY)
    return body


SPIKINGJELLY = Framework(
    neurons={
        **_PLAIN.neurons,
        "ElementWiseRecurrentContainer": _take_element_wise,
        "LinearRecurrentContainer": _take_linear,
    },
    refused=_PLAIN.refused,
    layers=_PLAIN.layers,
)
