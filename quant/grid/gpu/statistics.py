"""The statistics of a batch norm over images: read once, and once more on the way back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from quant.grid.noted import has_triton
from snncore.layer import BatchNorm
from snncore.layer.norm.synchronized import is_distributed


def observes(y: Tensor, norm: BatchNorm) -> bool:
    """Return whether the kernels take these images."""
    shares = norm.synchronized and is_distributed()
    if not y.is_cuda or not has_triton() or shares:
        return False
    from quant.grid.gpu.launches import LARGEST_IMAGE

    axes = norm.axes or 0
    size = y[0, 0, 0].numel() if axes and y.ndim == axes + 2 else 0
    plain = y.dtype == torch.float32 and y.is_contiguous()
    return plain and 64 <= size <= LARGEST_IMAGE and y.numel() > 0


def observed(y: Tensor, norm: BatchNorm) -> tuple[Tensor, Tensor]:
    """Return each channel's mean and variance in a batch, and update the running ones."""
    result: tuple[Tensor, Tensor] = _Observe.apply(y, norm)
    return result


class _Observe(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, norm: BatchNorm) -> tuple[Tensor, Tensor]:
        from quant.grid.gpu import launches

        channels = norm.num_features
        images, size = y.shape[0] * y.shape[1], y[0, 0, 0].numel()
        parts = [y.new_empty((channels, images)) for _ in range(2)]
        mean, variance = (torch.empty_like(norm.running_mean) for _ in range(2))
        first, second = launches.observing(images, channels, size, norm.momentum)
        first((y, *parts))
        running = norm.running_mean, norm.running_var, norm.num_batches_tracked
        second((*parts, mean, variance, *running))
        ctx.save_for_backward(y, mean)
        return mean, variance

    @staticmethod
    def backward(ctx: Any, to_mean: Tensor, to_variance: Tensor) -> tuple[Tensor | None, ...]:
        from quant.grid.gpu import launches

        y, mean = ctx.saved_tensors
        images, size = y.shape[0] * y.shape[1], y[0, 0, 0].numel()
        back = torch.empty_like(y)
        launch = launches.observing_back(images, len(mean), size)
        launch((y, mean, to_mean.contiguous(), to_variance.contiguous(), back))
        return back, None
