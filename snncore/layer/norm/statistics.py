"""A batch norm's scale and shift, differentiable in one pass over its input."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class _Affine(torch.autograd.Function):
    """The scale and the shift of each channel of (N, C, ...), by hand: few and small kernels."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        if x.is_cuda:
            mean, inverse = torch.batch_norm_stats(x.contiguous(), eps)
        else:
            axes = [axis for axis in range(x.ndim) if axis != 1]
            wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
            variance, mean = torch.var_mean(wide, axes, correction=0)
            inverse = torch.rsqrt(variance + eps)
        scale = inverse * weight
        shift = torch.addcmul(bias, mean, scale, value=-1)
        ctx.save_for_backward(x, mean, inverse, scale)
        ctx.mark_non_differentiable(mean, inverse)
        return scale, shift, mean, inverse

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, by_scale: Tensor, by_shift: Tensor, *_: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, None]:
        x, mean, inverse, scale = ctx.saved_tensors
        by_weight = torch.addcmul(by_scale, mean, by_shift, value=-1).mul_(inverse)
        # The inverse deviation falls with the cube of itself; the mean is behind both.
        slope = torch.mul(by_weight, scale).mul_(inverse)
        level = torch.addcmul(scale * by_shift, mean, slope, value=-1)
        shape = [1, -1] + [1] * (x.ndim - 2)
        each = -x.shape[1] / x.numel()
        level, slope = (value.mul_(each).to(x.dtype).view(shape) for value in (level, slope))
        return torch.addcmul(level, x, slope), by_weight, by_shift, None


def affine(
    x: Tensor, weight: Tensor, bias: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return each channel's scale, shift, mean and inverse deviation for (N, C, ...)."""
    scale, shift, mean, inverse = _Affine.apply(x, weight, bias, eps)
    return scale, shift, mean, inverse


class _Moments(torch.autograd.Function):
    """The mean and the variance of each channel, in the pass with which torch's norms begin."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, running_mean: Tensor, running_var: Tensor, momentum: float
    ) -> tuple[Tensor, Tensor]:
        mean, variance = torch.batch_norm_update_stats(x, running_mean, running_var, momentum)
        ctx.save_for_backward(x, mean)
        return mean, variance

    @staticmethod
    def backward(ctx: Any, *arrived: Tensor) -> tuple[Tensor | None, ...]:
        x, mean = ctx.saved_tensors
        to_mean, to_variance = arrived
        each = x.shape[1] / x.numel()
        slope = to_variance * (2 * each)
        level = torch.addcmul(to_mean * each, mean, slope, value=-1)
        shape = [-1] + [1] * (x.ndim - 2)
        return torch.addcmul(level.view(shape), x, slope.view(shape)), None, None, None


def takes(x: Tensor, running: Tensor) -> bool:
    """Return whether `moments` is the fastest way: on a CPU, from contiguous memory."""
    plain = x.device.type == "cpu" and x.is_contiguous() and x.dtype == running.dtype
    return plain and x.dtype in (torch.float32, torch.float64)


def moments(
    x: Tensor, running_mean: Tensor, running_var: Tensor, momentum: float
) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance of each channel of (N, C, ...); move the running ones."""
    results: tuple[Tensor, Tensor] = _Moments.apply(x, running_mean, running_var, momentum)
    return results
