"""The replacement of torch's own layers by ours, so that a network may use both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from snncore import layer
from snncore.neuron import Neuron


def with_our_layers(network: nn.Module) -> nn.Module:
    """Return the network with torch's own layers replaced by their equivalents of ours.

    The content of `layer.TimeDistributed` is replaced too, and the container is removed.

    Raises:
        ValueError: if our layers have no such kind; names it.
    """
    modes = {str(part.step_mode) for part in network.modules() if isinstance(part, Neuron)}
    return _replaced(network, "", "s" if modes == {"s"} else "m", {})


def our_layer(module: nn.Module, name: str, step_mode: str = "m") -> nn.Module | None:
    """Return our layer that computes the same with the same weights, or None if there is none.

    Raises:
        ValueError: if the layer has an option that ours lacks; names it.
    """
    for kind, make in _TWINS.items():
        # A subclass may compute anything.
        if type(module) is kind:
            ours = make(module, name, step_mode)
            if ours is not None:
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
    padding = module.padding
    if isinstance(padding, str):
        steps = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        if padding == "same" and any(step % 2 for step in steps):
            raise ValueError(f"{name}: its padding differs by side (give a number)")
        padding = [step // 2 if padding == "same" else 0 for step in steps]
    kernel, stride, around, dilation = (
        (height, width)
        for height, width in (module.kernel_size, module.stride, padding, module.dilation)
    )
    channels, bias = (module.in_channels, module.out_channels), module.bias is not None
    return layer.Conv2d(*channels, kernel, stride, around, dilation, module.groups, bias)


def _norm(kind: Any) -> Callable[[Any, str, str], nn.Module]:
    def make(module: Any, name: str, step_mode: str) -> nn.Module:
        if not module.track_running_stats:
            raise ValueError(f"{name}: a batch norm without running statistics cannot be folded")
        options = (module.eps, 0.1 if module.momentum is None else module.momentum)
        norm: nn.Module = kind(module.num_features, *options, affine=module.affine)
        return norm

    return make


def _flatten(module: Any, name: str, step_mode: str) -> nn.Module | None:
    first = 1 if step_mode == "s" else 2
    is_whole = module.start_dim == first and module.end_dim == -1
    return layer.Flatten(step_mode=step_mode) if is_whole else None


def _mean(module: Any, name: str, step_mode: str) -> nn.Module:
    if module.divisor_override is not None:
        raise ValueError(f"{name}: a mean with a divisor of its own (leave out divisor_override)")
    options = (module.padding, module.ceil_mode, module.count_include_pad)
    return layer.AvgPool2d(module.kernel_size, module.stride, *options)


def _largest(module: Any, name: str, step_mode: str) -> nn.Module | None:
    options = (module.padding, module.dilation, module.ceil_mode)
    pool = layer.MaxPool2d(module.kernel_size, module.stride, *options)
    return None if module.return_indices else pool


def _adaptive(module: Any, name: str, step_mode: str) -> nn.Module | None:
    size = module.output_size
    is_whole = isinstance(size, int) or None not in size
    return layer.AdaptiveAvgPool2d(size) if is_whole else None


_TWINS: dict[type[nn.Module], Callable[[Any, str, str], nn.Module | None]] = {
    nn.Linear: _linear,
    nn.Conv2d: _convolution,
    nn.BatchNorm1d: _norm(layer.BatchNorm1d),
    nn.BatchNorm2d: _norm(layer.BatchNorm2d),
    nn.Flatten: _flatten,
    nn.AvgPool2d: _mean,
    nn.MaxPool2d: _largest,
    nn.AdaptiveAvgPool2d: _adaptive,
}
