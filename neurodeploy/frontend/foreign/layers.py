"""The layers of torch.nn, and of frameworks that build on them, as ours on (T, N, ...)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.form import OUTPUT, Taken
from quant.convert.plain import our_layer
from snncore import layer

_SIZES = ("1d", "2d", "3d")


def layer_of(module: nn.Module) -> nn.Module | None:
    """Return the layer that computes the same as one of torch.nn's, or None for any other module.

    It is in evaluation: a dropout is left out, and a batch norm keeps to its statistics. A class
    of a framework counts as the class of torch.nn that it is derived from.

    Raises:
        UnsupportedLayerError: if it has a form that ours have not; names it.
    """
    for kind in type(module).__mro__:
        if kind.__module__.startswith("torch.nn") and kind is not nn.Module:
            return as_torch(module, kind)
    return None


def as_torch(module: nn.Module, kind: type[nn.Module]) -> nn.Module | None:
    """Return our layer for a module that is read as this class of torch.nn."""
    make = _EXACTLY.get(kind.__qualname__)
    if make is not None:
        return make(module).eval()
    plain = kind.__new__(kind)
    plain.__dict__.update(module.__dict__)
    name = type(module).__qualname__
    try:
        # Time stands before the axes that torch counts.
        ours = our_layer(plain, name, "s")
    except ValueError as error:
        raise UnsupportedLayerError(str(error)) from error
    if ours is None:
        return None
    for part in ours.modules():
        if hasattr(part, "step_mode"):
            setattr(part, "step_mode", "m")  # noqa: B010
    return ours.eval()


def linear(weight: Tensor, bias: Tensor | None) -> layer.Linear:
    """Return weights as a layer, with values of its own."""
    outputs, inputs = weight.shape
    ours = layer.Linear(inputs, outputs, bias is not None)
    fill(ours, weight, bias)
    return ours


def fill(ours: nn.Module, weight: Tensor, bias: Tensor | None) -> None:
    """Copy weights into a layer."""
    state = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    ours.load_state_dict({name: value.detach().float() for name, value in state.items()})


def refused(module: nn.Module, reason: str, remedy: str) -> UnsupportedLayerError:
    """Return the error for a layer that has a form that ours have not."""
    return UnsupportedLayerError(f"{type(module).__name__}: {reason}", remedy=remedy)


def same_layer(module: Any) -> Taken:
    """Return a framework's layer that computes what the class of torch.nn below it does.

    Raises:
        UnsupportedLayerError: if it has a form that ours have not.
    """
    ours = layer_of(module)
    if ours is None:
        raise refused(module, "has a form that no layer of ours has", "use torch.nn's")
    sequence = getattr(module, "step_mode", "s") == "m"
    return Taken(ours, (OUTPUT,), 0 if sequence else None)


def _transposed(module: Any) -> nn.Module:
    kind: Any = getattr(layer, _torch_name(module))
    channels = module.in_channels, module.out_channels
    geometry = module.kernel_size, module.stride, module.padding, module.output_padding
    options = {"groups": module.groups, "bias": module.bias is not None}
    ours: nn.Module = kind(*channels, *geometry, dilation=module.dilation, **options)
    fill(ours, module.weight, module.bias)
    return ours


def _average(module: Any) -> nn.Module:
    kind: Callable[..., nn.Module] = getattr(layer, _torch_name(module))
    flags = module.ceil_mode, module.count_include_pad
    return kind(module.kernel_size, module.stride, module.padding, *flags)


def _largest(module: Any) -> nn.Module:
    if module.return_indices:
        raise refused(module, "also returns indices", "use return_indices=False")
    sizes = module.kernel_size, module.stride, module.padding, module.dilation
    return layer.MaxPool3d(*sizes, module.ceil_mode)


def _adaptive(module: Any) -> nn.Module:
    kind: Callable[..., nn.Module] = getattr(layer, _torch_name(module))
    return kind(module.output_size)


def _sum_pool(module: Any) -> nn.Module:
    """Return the pool of norm 1, which is a sum where nothing is negative."""
    if module.norm_type != 1 or module.ceil_mode:
        raise refused(module, "is a norm, and not a sum", "use norm_type=1 and ceil_mode=False")
    return layer.SumPool2d(module.kernel_size, module.stride)


def _idle(module: Any) -> nn.Module:
    return nn.Identity()


def _torch_name(module: nn.Module) -> str:
    """Return the name of the class of torch.nn that a module is, or is derived from."""
    names = (kind.__qualname__ for kind in type(module).__mro__)
    return next(name for name in names if name in _EXACTLY)


# Layers that training replaces by several, which may round otherwise.
_EXACTLY: dict[str, Callable[[Any], nn.Module]] = {
    **{f"ConvTranspose{size}": _transposed for size in _SIZES},
    **dict.fromkeys(("AvgPool1d", "AvgPool3d"), _average),
    "MaxPool3d": _largest,
    **dict.fromkeys(("AdaptiveAvgPool1d", "AdaptiveAvgPool3d"), _adaptive),
    "LPPool2d": _sum_pool,
    **dict.fromkeys(("Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d"), _idle),
    **dict.fromkeys(("AlphaDropout", "FeatureAlphaDropout"), _idle),
}
