"""Mean and deviation of channels, differentiable in one pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Statistics(torch.autograd.Function):
    """The mean and the inverse deviation of each channel of (N, C, ...)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
        if x.is_cuda:
            mean, inverse = torch.batch_norm_stats(x.contiguous(), eps)
        else:
            axes = [axis for axis in range(x.ndim) if axis != 1]
            wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
            variance, mean = torch.var_mean(wide, axes, correction=0)
            inverse = torch.rsqrt(variance + eps)
        ctx.save_for_backward(x, mean, inverse)
        return mean, inverse

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        x, mean, inverse = ctx.saved_tensors
        by_mean, by_inverse = gradients
        count = x.numel() / x.shape[1]
        # The inverse deviation falls with the cube of itself.
        slope = -by_inverse * inverse**3 / count
        level = by_mean / count - slope * mean
        shape = [1, -1] + [1] * (x.ndim - 2)
        level, slope = (value.to(x.dtype).reshape(shape) for value in (level, slope))
        return torch.addcmul(level, x, slope), None


def statistics(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """The mean and the inverse deviation of each channel of (N, C, ...)."""
    mean, inverse = _Statistics.apply(x, eps)
    return mean, inverse
