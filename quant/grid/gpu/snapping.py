"""Sums rounded to whole units in one pass, where torch takes three."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from quant.grid.noted import has_triton


def snaps(x: Tensor, unit: float | Tensor) -> bool:
    """Return whether the kernel takes these sums."""
    plain = x.is_cuda and x.dtype == torch.float32 and x.is_contiguous() and x.numel() > 0
    return plain and not isinstance(unit, Tensor) and has_triton()


def snapped_in_a_kernel(x: Tensor, unit: float) -> Tensor:
    """Return the nearest multiples of a unit; the gradient passes."""
    result: Tensor = _Snap.apply(x, unit)
    return result


class _Snap(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, unit: float) -> Tensor:
        from quant.grid.gpu import launches

        result = torch.empty_like(x)
        launches.snapping(x.numel(), unit)((x, result))
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0], None
