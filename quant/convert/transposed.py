"""Transposed convolutions as what they compute: zeros between the values, then a convolution."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

from snncore import layer

# By the number of axes.
_PLAIN: dict[int, Any] = {1: layer.Conv1d, 2: layer.Conv2d, 3: layer.Conv3d}


def with_zeros(module: Any, name: str) -> nn.Sequential:
    """Return layers that compute the same with a plain convolution, with the same numbers.

    Raises:
        ValueError: if the output is padded beyond the last zeros; names the layer.
    """
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    if max(module.stride) > 1:
        parts["zeros"] = layer.Upsample(module.stride, zeros=True)
    padding, axes = [], len(module.stride)
    for index in range(axes):
        stride, more = module.stride[index], module.output_padding[index]
        if more >= stride:
            raise ValueError(
                f"{name}: an output_padding of {more} with a stride of {stride} (leave it below "
                "the stride)"
            )
        around = module.dilation[index] * (module.kernel_size[index] - 1) - module.padding[index]
        # What a negative padding takes off, and the zeros behind the last value.
        off, behind = max(-around, 0), stride - 1 - more + max(-around, 0)
        padding.append(max(around, 0))
        if off or behind:
            parts[f"cut{index}"] = layer.Slice(index - axes, off or None, -behind or None)
    parts["weights"] = _convolution(module, tuple(padding))
    return nn.Sequential(parts).train(module.training)


def _convolution(module: Any, padding: tuple[int, ...]) -> nn.Module:
    kind = _PLAIN[len(module.kernel_size)]
    options = {"dilation": module.dilation, "groups": module.groups}
    plain: nn.Module = kind(
        module.in_channels,
        module.out_channels,
        module.kernel_size,
        padding=padding,
        bias=module.bias is not None,
        **options,
    )
    weight: Tensor = module.weight
    with torch.no_grad():
        plain.weight.data = _flipped(weight, module.groups)
        if module.bias is not None:
            plain.bias.data = module.bias.detach().clone()
    return plain


def _flipped(weight: Tensor, groups: int) -> Tensor:
    """Return weights (in, out / groups, ...) as (out, in / groups, ...), the kernels reversed."""
    inputs, outputs, *kernel = weight.shape
    grouped = weight.detach().reshape(groups, inputs // groups, outputs, *kernel).swapaxes(1, 2)
    plain = grouped.reshape(groups * outputs, inputs // groups, *kernel)
    return plain.flip(*range(2, plain.ndim)).contiguous()
