"""The synchronized batch norm for GPUs, with torch's kernels for them spelled out for a CPU."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed
from torch.nn import functional as F

from snncore.layer.norm.synchronized import _OnGpu

AXES = (0, 2, 3)


def wide(value: Tensor) -> Tensor:
    return value.reshape(1, -1, 1, 1)


def stats(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    variance, mean = torch.var_mean(x, AXES, correction=0)
    return mean, torch.rsqrt(variance + eps)


def gather(x: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
    means, inverses, running_mean, running_var, momentum, eps, counts = rest
    total, share = counts.sum(), (counts / counts.sum()).unsqueeze(1)
    mean = (means * share).sum(0)
    squares = ((inverses**-2 - eps + means.square()) * share).sum(0)
    variance = squares - mean.square()
    running_mean.lerp_(mean, momentum)
    running_var.lerp_(variance * total / (total - 1), momentum)
    return mean, torch.rsqrt(variance + eps)


def elemt(x: Tensor, weight: Any, bias: Any, mean: Tensor, inverse: Tensor, eps: float) -> Tensor:
    result = (x - wide(mean)) * wide(inverse)
    return result if weight is None else result * wide(weight) + wide(bias)


def reduce(incoming: Tensor, x: Tensor, mean: Tensor, inverse: Tensor, *_: Any) -> list[Tensor]:
    sums, moved = incoming.sum(AXES), (incoming * (x - wide(mean))).sum(AXES)
    return [sums, moved, moved * inverse, sums]


def backward(incoming: Tensor, x: Tensor, mean: Tensor, inverse: Tensor, *rest: Any) -> Tensor:
    weight, sums, moved, counts = rest
    total = counts.sum()
    scale = inverse if weight is None else inverse * weight
    level = wide(sums / total) + (x - wide(mean)) * wide(inverse.square() * moved / total)
    return (incoming - level) * wide(scale)


KERNELS = {
    "batch_norm_stats": stats,
    "batch_norm_gather_stats_with_counts": gather,
    "batch_norm_elemt": elemt,
    "batch_norm_backward_reduce": reduce,
    "batch_norm_backward_elemt": backward,
}


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, function in KERNELS.items():
        monkeypatch.setattr(torch, name, function)
    distributed.init_process_group("gloo", f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize("affine", [True, False])
def test_it_is_the_batch_norm_of_all_samples(affine: bool) -> None:
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(6, 3, 4, 5, generator=draw, dtype=torch.float64)
    weigh = torch.randn(x.shape, generator=draw, dtype=torch.float64)
    results = []
    for function in (_OnGpu.apply, None):
        leaf = x.clone().requires_grad_()
        running = torch.zeros(3).double(), torch.ones(3).double()
        weight = torch.linspace(0.5, 2, 3).double().requires_grad_() if affine else None
        bias = torch.linspace(-1, 1, 3).double().requires_grad_() if affine else None
        if function is None:
            result = F.batch_norm(leaf, *running, weight, bias, True, 0.1, 1e-5)
        else:
            result = function(leaf, weight, bias, *running, 0.1, 1e-5)
        learned = [weight, bias] if affine else []
        gradients = torch.autograd.grad((result * weigh).sum(), [leaf, *learned])
        results.append([result, *gradients, *running])
    for mine, theirs in zip(*results, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-10)
