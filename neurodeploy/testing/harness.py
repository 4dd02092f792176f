"""Networks of ours in the harness of NeuroBench, which measures models of its own class."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from snncore import functional, layer
from snncore.neuron import Neuron


def harness_model(network: nn.Module, base: Any) -> Any:
    """Return a network as a model of the harness; `base` is neurobench.models.NeuroBenchModel.

    The harness's samples are (N, T, ...), and so are the outputs. It counts operations in torch's
    own layers alone, so a copy of the network has them instead of ours. It looks for changes of
    membranes in snnTorch's neurons alone: `neurodeploy.verify` counts those of ours.
    """
    own = _with_torchs_layers(deepcopy(network)).eval()
    functional.set_step_mode(own, "s")

    def call(model: Any, batch: Tensor) -> Tensor:
        functional.reset(own)
        return torch.stack([own(step) for step in batch.unbind(1)], dim=1)

    methods = {"__call__": call, "__net__": lambda model: own}
    model: Any = type("Model", (base,), methods)()
    model.add_activation_module(Neuron)
    return model


def _with_torchs_layers(module: nn.Module) -> nn.Module:
    """Return a module whose linear layers and convolutions are torch's own."""
    for name, child in module.named_children():
        setattr(module, name, _with_torchs_layers(child))
    if type(module) is layer.Linear:
        return _with_weights(nn.Linear(module.in_features, module.out_features), module)
    if type(module) is layer.Conv2d:
        channels = module.in_channels, module.out_channels
        geometry = module.kernel_size, module.stride, module.padding, module.dilation
        return _with_weights(nn.Conv2d(*channels, *geometry, module.groups), module)
    return module


def _with_weights(same: Any, module: Any) -> nn.Module:
    same.weight, same.bias = module.weight, module.bias
    kept: nn.Module = same
    return kept
