"""The layers of torch.nn, and of frameworks that build on them, as ours on (T, N, ...)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from torch import Tensor, nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.form import OUTPUT, Taken
from snncore import layer

Making = Callable[..., nn.Module]
_Layer = TypeVar("_Layer", bound=nn.Module)


def layer_of(module: nn.Module) -> nn.Module | None:
    """Return the layer that computes the same as one of torch.nn's, or None for any other module.

    It is in evaluation: a dropout is left out, and a batch norm keeps to its statistics. A class
    of a framework counts as the class of torch.nn that it is derived from.

    Raises:
        UnsupportedLayerError: if it has a form that ours have not; names it.
    """
    for kind in type(module).__mro__:
        if kind.__module__.startswith("torch.nn") and kind.__qualname__ in _LAYERS:
            return _LAYERS[kind.__qualname__](module).eval()
    return None


def linear(weight: Tensor, bias: Tensor | None) -> layer.Linear:
    """Return weights as a layer, with values of its own."""
    outputs, inputs = weight.shape
    return _filled(layer.Linear(inputs, outputs, bias is not None), weight, bias)


def refused(module: nn.Module, reason: str, remedy: str) -> UnsupportedLayerError:
    """Return the error for a layer that has a form that ours have not."""
    return UnsupportedLayerError(f"{type(module).__name__}: {reason}", remedy=remedy)


def _filled(ours: _Layer, weight: Tensor, bias: Tensor | None) -> _Layer:
    state = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    ours.load_state_dict({name: value.detach().float() for name, value in state.items()})
    return ours


def _convolution(module: Any) -> nn.Module:
    if module.padding_mode != "zeros":
        raise refused(module, f"pads with {module.padding_mode}", "use padding_mode='zeros'")
    kind = getattr(layer, _torch_name(module))
    options = {"groups": module.groups, "bias": module.bias is not None}
    if hasattr(module, "output_padding") and module.transposed:
        options["output_padding"] = module.output_padding
    channels = module.in_channels, module.out_channels
    geometry = module.kernel_size, module.stride, _padding(module)
    ours: nn.Module = kind(*channels, *geometry, dilation=module.dilation, **options)
    return _filled(ours, module.weight, module.bias)


def _padding(module: Any) -> Any:
    """Return the padding in numbers.

    Raises:
        UnsupportedLayerError: if it is larger on one side.
    """
    if module.padding == "valid":
        return 0
    if module.padding != "same":
        return module.padding
    totals = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
    if any(total % 2 for total in totals):
        raise refused(module, "padding='same' pads one side more", "use an odd kernel")
    return tuple(total // 2 for total in totals)


def batch_norm(module: Any, name: str) -> nn.Module:
    """Return a batch norm with its statistics, as the class of that name.

    Raises:
        UnsupportedLayerError: if it has no statistics.
    """
    if module.running_mean is None:
        raise refused(
            module, "has no statistics of its own, and uses the batch's", "train with statistics"
        )
    kind = getattr(layer, name)
    # The momentum counts in training only; None is an average over all batches.
    momentum = 0.1 if module.momentum is None else module.momentum
    ours: nn.Module = kind(module.num_features, module.eps, momentum, module.weight is not None)
    ours.load_state_dict(module.state_dict(), strict=False)
    return ours


def _batch_norm(module: Any) -> nn.Module:
    return batch_norm(module, _torch_name(module))


def _group_norm(module: Any) -> nn.Module:
    affine = module.weight is not None
    ours = layer.GroupNorm(module.num_groups, module.num_channels, module.eps, affine)
    ours.load_state_dict(module.state_dict())
    return ours


def _average(module: Any) -> nn.Module:
    name = _torch_name(module)
    if getattr(module, "divisor_override", None):
        raise refused(module, "divides by a number of its own", "scale the weights after it")
    kind: Making = getattr(layer, name)
    flags = module.ceil_mode, module.count_include_pad
    return kind(module.kernel_size, module.stride, module.padding, *flags)


def _largest(module: Any) -> nn.Module:
    if module.return_indices:
        raise refused(module, "also returns indices", "use return_indices=False")
    kind: Making = getattr(layer, _torch_name(module))
    sizes = module.kernel_size, module.stride, module.padding, module.dilation
    return kind(*sizes, module.ceil_mode)


def _adaptive(module: Any) -> nn.Module:
    kind: Making = getattr(layer, _torch_name(module))
    return kind(module.output_size)


def _sum_pool(module: Any) -> nn.Module:
    """Return the pool of norm 1, which is a sum where nothing is negative."""
    if module.norm_type != 1 or module.ceil_mode:
        raise refused(module, "is a norm, and not a sum", "use norm_type=1 and ceil_mode=False")
    return layer.SumPool2d(module.kernel_size, module.stride)


def _flatten(module: Any) -> nn.Module:
    if (module.start_dim, module.end_dim) != (1, -1):
        raise refused(
            module,
            f"joins the axes {module.start_dim} to {module.end_dim}",
            "use Flatten(), which joins all axes of a sample",
        )
    return layer.Flatten()


def _upsample(module: Any) -> nn.Module:
    factor = module.scale_factor
    factors = factor if isinstance(factor, tuple) else (factor,)
    if module.mode != "nearest" or factor is None or any(f != int(f) for f in factors):
        raise refused(module, "interpolates", "use mode='nearest' and whole factors")
    whole = tuple(int(each) for each in factors)
    return layer.Upsample(whole[0] if len(whole) == 1 else whole)


def _idle(module: Any) -> nn.Module:
    return nn.Identity()


def _torch_name(module: nn.Module) -> str:
    """Return the name of the class of torch.nn that a module is, or is derived from."""
    names = (k.__qualname__ for k in type(module).__mro__ if k.__module__.startswith("torch.nn"))
    return next(name for name in names if name in _LAYERS)


_SIZES = ("1d", "2d", "3d")
_LAYERS: dict[str, Making] = {
    "Linear": lambda module: linear(module.weight, module.bias),
    **{f"{kind}{size}": _convolution for size in _SIZES for kind in ("Conv", "ConvTranspose")},
    **{f"BatchNorm{size}": _batch_norm for size in _SIZES},
    "GroupNorm": _group_norm,
    **{f"AvgPool{size}": _average for size in _SIZES},
    **{f"MaxPool{size}": _largest for size in _SIZES},
    **{f"AdaptiveAvgPool{size}": _adaptive for size in _SIZES},
    "LPPool2d": _sum_pool,
    "Flatten": _flatten,
    "Upsample": _upsample,
    **dict.fromkeys(("Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d"), _idle),
    **dict.fromkeys(("AlphaDropout", "FeatureAlphaDropout"), _idle),
}


def same_layer(module: Any) -> Taken:
    """Return a framework's layer that computes what the class of torch.nn below it does.

    Raises:
        UnsupportedLayerError: if it has a form that ours have not.
    """
    ours = layer_of(module)
    if ours is None:
        raise refused(module, "is not derived from a layer of torch.nn", "use torch.nn's")
    sequence = getattr(module, "step_mode", "s") == "m"
    return Taken(ours, (OUTPUT,), 0 if sequence else None)
