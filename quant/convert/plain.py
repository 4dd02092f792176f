"""The replacement of torch's own layers by ours, so that a network may use both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from quant.convert.functions import step_mode_of
from quant.convert.transposed import with_zeros
from snncore import layer


def with_our_layers(network: nn.Module) -> nn.Module:
    """Return the network with torch's own layers replaced by their equivalents of ours.

    The content of `layer.TimeDistributed` is replaced too, and the container is removed.

    Raises:
        ValueError: if our layers have no such kind; names it.
    """
    return _replaced(network, "", step_mode_of(network), {})


def our_layer(module: nn.Module, name: str, step_mode: str = "m") -> nn.Module | None:
    """Return our layer that computes the same with the same weights, or None if there is none.

    Raises:
        ValueError: if the layer has an option that ours lacks; names it.
    """
    for kind, make in _TWINS.items():
        # A subclass may compute anything.
        if type(module) is kind:
            ours = make(module, name, step_mode)
            if ours is not None and kind not in _OF_OTHER_FORM:
                ours.load_state_dict(module.state_dict())
                tensor = next(module.parameters(), None)
                ours = ours if tensor is None else ours.to(tensor.device, tensor.dtype)
                ours.train(module.training)
            return ours
    return None


def _replaced(
    module: nn.Module, name: str, step_mode: str, replacements: dict[int, Any]
) -> nn.Module:
    if id(module) in replacements:
        earlier: nn.Module = replacements[id(module)]
        return earlier
    replacement: nn.Module | None = our_layer(module, name, step_mode)
    if type(module) is layer.TimeDistributed:
        replacement = _without_container(module, name, replacements)
    if replacement is None:
        replacement = module
        mode = str(getattr(module, "step_mode", step_mode))
        # Visit all of them, including repeated ones: torch's iterators name each module only once.
        for key, child in module._modules.items():
            if child is not None:
                path = f"{name}.{key}".lstrip(".")
                module._modules[key] = _replaced(child, path, mode, replacements)
    replacements[id(module)] = replacement
    return replacement


def _without_container(module: Any, name: str, replacements: dict[int, Any]) -> nn.Module:
    """Return the content, which handles time itself; a layer without an equivalent stays."""
    # The content sees steps as samples, and its Flatten begins after the first axis.
    replacement = _replaced(module.module, name, "s", replacements)
    for part in replacement.modules():
        if type(part) is layer.Flatten:
            part.step_mode = module.step_mode
    return replacement


def _linear(module: Any, name: str, step_mode: str) -> nn.Module:
    return layer.Linear(module.in_features, module.out_features, module.bias is not None)


def _convolution(module: Any, name: str, step_mode: str) -> nn.Module:
    if module.padding_mode != "zeros":
        raise ValueError(f"{name}: chips pad with zeros, not {module.padding_mode!r}")
    kind = getattr(layer, type(module).__name__)
    padding = module.padding
    if isinstance(padding, str):
        steps = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        if padding == "same" and any(step % 2 for step in steps):
            raise ValueError(f"{name}: its padding differs by side (give a number)")
        padding = [step // 2 if padding == "same" else 0 for step in steps]
    windows = (module.kernel_size, module.stride, padding, module.dilation)
    channels, bias = (module.in_channels, module.out_channels), module.bias is not None
    ours: nn.Module = kind(*channels, *map(tuple, windows), module.groups, bias)
    return ours


def _transposed(module: Any, name: str, step_mode: str) -> nn.Module:
    return with_zeros(module, name)


def _norm(kind: Any) -> Callable[[Any, str, str], nn.Module]:
    def make(module: Any, name: str, step_mode: str) -> nn.Module:
        if not module.track_running_stats:
            raise ValueError(f"{name}: a batch norm without running statistics cannot be folded")
        options = (module.eps, 0.1 if module.momentum is None else module.momentum)
        norm: nn.Module = kind(module.num_features, *options, affine=module.affine)
        return norm

    return make


def _groups(module: Any, name: str, step_mode: str) -> nn.Module:
    sizes = (module.num_groups, module.num_channels)
    return layer.GroupNorm(*sizes, module.eps, module.affine, step_mode)


def _flatten(module: Any, name: str, step_mode: str) -> nn.Module | None:
    first = 1 if step_mode == "s" else 2
    is_whole = module.start_dim == first and module.end_dim == -1
    return layer.Flatten(step_mode=step_mode) if is_whole else None


def _unflatten(module: Any, name: str, step_mode: str) -> nn.Module | None:
    first = 1 if step_mode == "s" else 2
    whole = module.dim in (first, -1)
    return layer.Reshape(module.unflattened_size, step_mode) if whole else None


def _upsampled(module: Any, name: str, step_mode: str) -> nn.Module:
    factor = module.scale_factor
    several = factor if isinstance(factor, tuple) else (factor, factor)
    whole = factor is not None and all(float(each).is_integer() for each in several)
    if module.mode != "nearest" or not whole:
        raise ValueError(
            f"{name}: only values repeated a whole number of times stay spikes "
            "(use mode='nearest' and a scale_factor of whole numbers)"
        )
    return layer.Upsample([int(each) for each in several])


def _mean(module: Any, name: str, step_mode: str) -> nn.Module:
    if getattr(module, "divisor_override", None) is not None:
        raise ValueError(f"{name}: a mean with a divisor of its own (leave out divisor_override)")
    options = (module.padding, module.ceil_mode, module.count_include_pad)
    kind = getattr(layer, type(module).__name__)
    ours: nn.Module = kind(module.kernel_size, module.stride, *options)
    return ours


def _line_mean(module: Any, name: str, step_mode: str) -> nn.Module:
    """Return the mean of a line as that of an image of one row."""
    if isinstance(module, nn.AdaptiveAvgPool1d | layer.AdaptiveAvgPool1d):
        size = module.output_size
        (length,) = size if isinstance(size, tuple) else (size,)
        pool: nn.Module = layer.AdaptiveAvgPool2d((1, length))
    else:
        options = (module.kernel_size, module.stride, module.padding)
        kernel, stride, around = (each if isinstance(each, tuple) else (each,) for each in options)
        flags = (module.ceil_mode, module.count_include_pad)
        pool = layer.AvgPool2d((1, *kernel), (1, *stride), (0, *around), *flags)
    before, behind = (layer.Reshape(shape, step_mode) for shape in ((0, 1, -1), (0, -1)))
    return nn.Sequential(before, pool, behind)


def _largest(module: Any, name: str, step_mode: str) -> nn.Module | None:
    options = (module.padding, module.dilation, module.ceil_mode)
    ours: nn.Module = getattr(layer, type(module).__name__)(
        module.kernel_size, module.stride, *options
    )
    return None if module.return_indices else ours


def _adaptive(module: Any, name: str, step_mode: str) -> nn.Module | None:
    size = module.output_size
    whole = isinstance(size, int) or None not in size
    kind = getattr(layer, type(module).__name__)
    return kind(size) if whole else None


def _plain(module: Any, name: str, step_mode: str) -> nn.Module:
    """Return the layer that computes the same without what made its weights."""
    try:
        ours: nn.Module = module.plain()
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    return ours


def _frozen(module: Any, name: str, step_mode: str) -> nn.Module:
    """Return learned delays in whole steps."""
    ours: nn.Module = module.frozen()
    return ours


# Their twins hold what these learn in another form.
_WITH_PLAIN: tuple[type[nn.Module], ...] = (
    *(layer.WSLinear, layer.WSConv1d, layer.WSConv2d, layer.WSConv3d),
    *(layer.TemporalBatchNorm1d, layer.TemporalBatchNorm2d, layer.TemporalBatchNorm3d),
)
# Their twins are several layers, which hold the weights in another form.
_UNFOLDED: tuple[type[nn.Module], ...] = (
    *(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
    *(layer.ConvTranspose1d, layer.ConvTranspose2d, layer.ConvTranspose3d),
)
_LINE_MEANS: tuple[type[nn.Module], ...] = (
    *(nn.AvgPool1d, nn.AdaptiveAvgPool1d),
    *(layer.AvgPool1d, layer.AdaptiveAvgPool1d),
)
_TWINS: dict[type[nn.Module], Callable[[Any, str, str], nn.Module | None]] = {
    nn.Linear: _linear,
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), _convolution),
    nn.BatchNorm1d: _norm(layer.BatchNorm1d),
    nn.BatchNorm2d: _norm(layer.BatchNorm2d),
    nn.BatchNorm3d: _norm(layer.BatchNorm3d),
    nn.GroupNorm: _groups,
    nn.Flatten: _flatten,
    nn.Unflatten: _unflatten,
    nn.Upsample: _upsampled,
    nn.AvgPool2d: _mean,
    **dict.fromkeys(_LINE_MEANS, _line_mean),
    **dict.fromkeys((nn.MaxPool1d, nn.MaxPool2d), _largest),
    nn.AdaptiveAvgPool2d: _adaptive,
    **dict.fromkeys(_UNFOLDED, _transposed),
    **dict.fromkeys(_WITH_PLAIN, _plain),
    layer.LearnedDelay: _frozen,
}
_OF_OTHER_FORM = (*_UNFOLDED, *_LINE_MEANS, *_WITH_PLAIN, layer.LearnedDelay)
