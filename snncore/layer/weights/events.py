"""Layers of weights that spend time only on spikes, where their rate makes that faster."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.grad import conv2d_input

from snncore.kernels.cpp import events
from snncore.kernels.cpp.events import Choice, Geometry

# With fewer outputs, even counting the spikes would be seen.
FEWEST_OUTPUTS = 32


def takes(x: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Return whether events can be summed for this input; a compiled graph sees no values."""
    if torch.compiler.is_compiling() or weight.shape[0] < FEWEST_OUTPUTS or not x.numel():
        return False
    tensors = (x, weight) if bias is None else (x, weight, bias)
    plain = all(each.device.type == "cpu" and each.dtype == torch.float32 for each in tensors)
    return plain and not torch.is_autocast_enabled("cpu") and events.is_available()


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return the sums of (..., inputs), by events if the input has few."""
    rows = x.reshape(-1, x.shape[-1]).contiguous()
    # Weights in torch's own order would have to be copied first.
    if not weight.t().is_contiguous() or not _few(rows, _linear_limit(rows, weight)):
        return F.linear(x, weight, bias)
    sums: Tensor = _Linear.apply(rows, weight, bias)
    return sums.view(*x.shape[:-1], weight.shape[0])


def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Return the sums of images (N, C, H, W), by events if they have few."""
    images = x.contiguous()
    if not _few(images, _conv_limit(images, weight, geometry)):
        return F.conv2d(x, weight, bias, geometry.stride, geometry.padding, geometry.dilation)
    sums: Tensor = _Conv2d.apply(images, weight, bias, geometry)
    return sums


def _few(x: Tensor, limit: float) -> bool:
    return limit > 0 and events.are_few(x, int(limit * x.numel()))


def _linear_limit(rows: Tensor, weight: Tensor) -> float:
    """Return the rate below which events win, measured for about as many rows."""
    many = min(1 << (len(rows) - 1).bit_length(), events.MOST_ROWS)
    choice = Choice("linear", (many, *weight.shape), torch.get_num_threads())
    weight = weight.detach()
    with torch.no_grad():
        return events.chosen(
            choice,
            (many, weight.shape[1]),
            lambda x: F.linear(x, weight),
            lambda x: events.linear_sums(x, weight.t(), None),
        )


def _conv_limit(images: Tensor, weight: Tensor, geometry: Geometry) -> float:
    many = min(1 << (len(images) - 1).bit_length(), 16)
    shape = (many, *images.shape[1:])
    windows = (geometry.stride, geometry.padding, geometry.dilation)
    sizes = (*shape, *weight.shape, *(size for pair in windows for size in pair))
    choice = Choice("conv2d", sizes, torch.get_num_threads())
    weight = weight.detach()
    with torch.no_grad():
        return events.chosen(
            choice,
            shape,
            lambda x: F.conv2d(x, weight, None, *windows),
            lambda x: events.conv_sums(x, _outputs_last(weight), None, geometry),
        )


def _outputs_last(weight: Tensor) -> Tensor:
    return weight.permute(1, 2, 3, 0).contiguous()


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return events.linear_sums(x, weight.t(), bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        asks, gradient = ctx.needs_input_grad, gradient.contiguous()
        return (
            gradient @ weight if asks[0] else None,
            events.linear_gradient(x, gradient).t() if asks[1] else None,
            gradient.sum(0) if asks[2] else None,
        )


class _Conv2d(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.geometry = geometry
        return events.conv_sums(x, _outputs_last(weight), bias, geometry)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        asks, form = ctx.needs_input_grad, ctx.geometry
        by_x = by_weight = None
        if asks[0]:
            windows = (form.stride, form.padding, form.dilation)
            by_x = conv2d_input(x.shape, weight, gradient, *windows)
        if asks[1]:
            kernel = (weight.shape[2], weight.shape[3])
            by_weight = events.conv_gradient(x, gradient, kernel, form).permute(3, 0, 1, 2)
        return by_x, by_weight, gradient.sum((0, 2, 3)) if asks[2] else None, None
