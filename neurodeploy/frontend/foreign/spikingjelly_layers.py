"""SpikingJelly's layers besides its neurons, in both step modes."""

from __future__ import annotations

from typing import Any

from torch import nn

from neurodeploy.frontend.foreign.building import defined, number
from neurodeploy.frontend.foreign.form import OUTPUT, Taken, Taking
from neurodeploy.frontend.foreign.layers import (
    as_torch,
    fill,
    layer_of,
    linear,
    refused,
    same_layer,
)
from snncore import layer

_SIZES = ("1d", "2d", "3d")
_KINDS = ("Conv", "ConvTranspose", "BatchNorm", "MaxPool", "AvgPool", "AdaptiveAvgPool")
_CLOSEST = "put it behind the container"


def _filter(v: Any, x: Any, *, leak: Any) -> Any:
    faded = v - (1.0 - x) * v * leak + x
    return faded, faded


def _taken(ours: nn.Module, module: Any) -> Taken:
    return Taken(ours, (OUTPUT,), 0 if module.step_mode == "m" else None)


def _take_idle(module: Any) -> Taken:
    return _taken(nn.Identity(), module)


def _take_threshold_norm(module: Any) -> Taken:
    """Return a batch norm over time, whose weights hold the threshold."""
    size = type(module).__name__[-2:]
    ours = as_torch(module, getattr(nn, f"BatchNorm{size}"))
    if ours is None:
        raise refused(module, "has no batch norm of ours", "use torch.nn's")
    return _taken(ours, module)


def _take_standardized(module: Any) -> Taken:
    """Return weights as their standardization leaves them."""
    plain = nn.Conv2d(
        module.in_channels,
        module.out_channels,
        module.kernel_size,
        module.stride,
        module.padding,
        module.dilation,
        module.groups,
        module.bias is not None,
        module.padding_mode,
    )
    fill(plain, module.get_weight(), module.bias)
    ours = layer_of(plain)
    if ours is None:
        raise refused(module, "has no convolution of ours", "use torch.nn's")
    return _taken(ours, module)


def _take_standardized_linear(module: Any) -> Taken:
    bias = None if module.bias is None else module.bias.detach()
    return _taken(linear(module.get_weight().detach(), bias), module)


def _take_votes(module: Any) -> Taken:
    return _taken(layer.Vote(module.voting_size), module)


def _take_scale(module: Any) -> Taken:
    """Return the factor with which a converted network's currents are scaled."""
    return _taken(layer.Affine(float(module.scale)), module)


def _take_delay(module: Any) -> Taken:
    return _taken(layer.Delay(module.delay_steps), module)


def _take_filter(module: Any) -> Taken:
    leak = module.w.detach().sigmoid() if module.learnable else 1.0 / module.tau
    values = {"leak": leak if isinstance(leak, float) else number(module, "w", leak)}
    return _taken(defined("SynapseFilter", _filter, {"v": 0.0}, values), module)


def _take_merged(module: Any) -> Taken:
    """Return a container of layers without states, which see all steps at once.

    Raises:
        UnsupportedLayerError: if something in it is not a layer of torch.nn.
    """
    return Taken(_chain(module), (OUTPUT,), 0)


def _chain(module: Any) -> nn.Module:
    parts = []
    for name, part in module.named_children():
        inside = _chain(part) if type(part) is nn.Sequential else layer_of(part)
        if inside is None:
            kind = type(part).__name__
            raise refused(module, f"{name}: {kind} is not a layer of torch.nn", _CLOSEST)
        parts.append(inside)
    return parts[0] if len(parts) == 1 else nn.Sequential(*parts)


LAYERS: dict[str, Taking] = {
    **{f"{kind}{size}": same_layer for kind in _KINDS for size in _SIZES},
    **dict.fromkeys(("Linear", "Flatten", "Upsample", "GroupNorm"), same_layer),
    **dict.fromkeys(("Dropout", "Dropout2d"), _take_idle),
    **{f"ThresholdDependentBatchNorm{size}": _take_threshold_norm for size in _SIZES},
    "WSConv2d": _take_standardized,
    "WSLinear": _take_standardized_linear,
    "VotingLayer": _take_votes,
    "VoltageScaler": _take_scale,
    "Delay": _take_delay,
    "SynapseFilter": _take_filter,
    "SeqToANNContainer": _take_merged,
}
