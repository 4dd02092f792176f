"""A batch norm whose statistics are over the batches of all processes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed


def is_distributed() -> bool:
    """Whether there are other processes to share statistics with."""
    return (
        distributed.is_available()
        and distributed.is_initialized()
        and distributed.get_world_size() > 1
    )


class _Sum(torch.autograd.Function):
    """The sum over all processes; a gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        total = value.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        distributed.all_reduce(total)
        return total


def _total(value: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(value)
    return total


def synchronized_batch_norm(
    x: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    momentum: float,
    eps: float,
) -> Tensor:
    """The batch norm of (N, C, ...) while training, on any device; updates the running values."""
    if x.is_cuda:
        return _torchs(x, running_mean, running_var, weight, bias, momentum, eps)
    axes = [axis for axis in range(x.ndim) if axis != 1]
    shape = [1, -1] + [1] * (x.ndim - 2)
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    count = wide.new_tensor([x.numel() / x.shape[1]])
    *sums, total = _total(torch.cat([wide.sum(axes), count]))
    mean = torch.stack(sums) / total.detach()
    centered = wide - mean.reshape(shape)
    variance = _total(centered.square().sum(axes)) / total.detach()
    with torch.no_grad():
        running_mean.lerp_(mean.to(running_mean.dtype), momentum)
        running_var.lerp_((variance * total / (total - 1)).to(running_var.dtype), momentum)
    result = centered * torch.rsqrt(variance + eps).reshape(shape)
    if weight is not None:
        result = result * weight.reshape(shape)
    if bias is not None:
        result = result + bias.reshape(shape)
    return result.to(x.dtype)


def _torchs(
    x: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    momentum: float,
    eps: float,
) -> Tensor:
    # Torch has a kernel of its own for GPUs, and none for CPUs.
    from torch.nn.modules._functions import SyncBatchNorm

    group = distributed.group.WORLD
    count = distributed.get_world_size()
    result: Tensor = SyncBatchNorm.apply(
        x.contiguous(), weight, bias, running_mean, running_var, eps, momentum, group, count
    )
    return result
