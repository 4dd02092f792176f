"""A batch norm whose statistics are over the batches of all processes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed
from torch.autograd.function import once_differentiable


def is_distributed() -> bool:
    """Return whether there are other processes to share statistics with."""
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


class _OnGpu(torch.autograd.Function):
    """By torch's kernels for GPUs, and without its wait for the host in every layer.

    Torch waits to learn whether a process has no samples at all; here each has some.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        running_mean: Tensor,
        running_var: Tensor,
        momentum: float,
        eps: float,
    ) -> Tensor:
        channels = x.shape[1]
        mean, inverse = torch.batch_norm_stats(x, eps)
        count = mean.new_full((1,), x.numel() / channels)
        every = mean.new_zeros((distributed.get_world_size(), 2 * channels + 1))
        # Beside the zeros of others; the sum of all is everyone's row.
        torch.cat([mean, inverse, count], out=every[distributed.get_rank()])
        distributed.all_reduce(every)
        means, inverses, counts = every.split([channels, channels, 1], 1)
        counts = counts.flatten()
        mean, inverse = torch.batch_norm_gather_stats_with_counts(
            x, means, inverses, running_mean, running_var, momentum, eps, counts
        )
        ctx.save_for_backward(x, weight, mean, inverse, counts.int())
        result: Tensor = torch.batch_norm_elemt(x, weight, bias, mean, inverse, eps)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, incoming: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, inverse, counts = ctx.saved_tensors
        incoming, asks = incoming.contiguous(), ctx.needs_input_grad[:3]
        *sums, by_weight, by_bias = torch.batch_norm_backward_reduce(
            incoming, x, mean, inverse, weight, *asks
        )
        by_x = None
        if asks[0]:
            total = torch.cat(sums)
            distributed.all_reduce(total)
            arguments = incoming, x, mean, inverse, weight, *total.chunk(2), counts
            by_x = torch.batch_norm_backward_elemt(*arguments)
        learned = by_weight if asks[1] else None, by_bias if asks[2] else None
        return by_x, *learned, None, None, None, None


def shared_statistics(x: Tensor, channel: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return values less their mean, and each channel's mean, variance and count, over all."""
    axes = [axis for axis in range(x.ndim) if axis != channel]
    count = x.new_tensor([x.numel() / x.shape[channel]])
    *sums, total = _total(torch.cat([x.sum(axes), count]))
    mean, total = torch.stack(sums) / total.detach(), total.detach()
    centered = x - mean.reshape([-1 if axis == channel else 1 for axis in range(x.ndim)])
    return centered, mean, _total(centered.square().sum(axes)) / total, total


def synchronized_batch_norm(
    x: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    momentum: float,
    eps: float,
) -> Tensor:
    """Apply the batch norm to (N, C, ...) in training, on any device; update the running values."""
    if x.is_cuda:
        result: Tensor = _OnGpu.apply(
            x.contiguous(), weight, bias, running_mean, running_var, momentum, eps
        )
        return result
    shape = [1, -1] + [1] * (x.ndim - 2)
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    centered, mean, variance, total = shared_statistics(wide, 1)
    with torch.no_grad():
        running_mean.lerp_(mean.to(running_mean.dtype), momentum)
        running_var.lerp_((variance * total / (total - 1)).to(running_var.dtype), momentum)
    result = centered * torch.rsqrt(variance + eps).reshape(shape)
    if weight is not None:
        result = result * weight.reshape(shape)
    if bias is not None:
        result = result + bias.reshape(shape)
    return result.to(x.dtype)
