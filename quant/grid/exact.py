"""Precautions that keep sums of integers exact, whatever kernel a device chooses."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

# Integers below 2**24 are exact in float32, in whatever order they are added.
EXACT_FLOAT32 = 1 << 24
# Integers below 2**53 are exact in float64, and no chip's product reaches that.
EXACT = 1 << 53
# Matrix units may round the factors of a product (to bfloat16 at worst), not its sums.
EXACT_FACTOR = 1 << 8


def is_power_of_two(value: int) -> bool:
    """Return whether a positive integer has a single bit."""
    return value & (value - 1) == 0


def largest(x: Tensor) -> float:
    """Return the largest magnitude, computed in one pass; 0 for an empty tensor."""
    if x.numel() == 0:
        return 0.0
    low, high = torch.aminmax(x.detach())
    if not x.is_floating_point():
        # A bool has no negative, and the smallest number of a narrow type has no magnitude.
        low, high = low.double(), high.double()
    return float(torch.maximum(-low, high))


def without_autocast(x: Tensor) -> AbstractContextManager[object]:
    """Return a context in which computations on this tensor's device keep their precision."""
    device = x.device.type
    if not torch.is_autocast_enabled(device):
        return nullcontext()
    return torch.autocast(device, enabled=False)


def carried(bound: float, factor: float) -> torch.dtype:
    """Return the type for sums up to `bound` of products of integers up to `factor`."""
    small = bound < EXACT_FLOAT32 and factor <= EXACT_FACTOR
    return torch.float32 if small else torch.float64


def require_accumulator(name: str, bound: float, bits: int) -> None:
    """Check that sums up to `bound` fit the chip's accumulators.

    Raises:
        ValueError: if one may overflow.
    """
    if not bound < 1 << (bits - 1):
        raise ValueError(f"{name}: {overflow(bound, bits)}")


def overflow(bound: float, bits: int) -> str:
    """Return the words for sums that are larger than accumulators."""
    return (
        f"a sum may reach {bound:.0f}, beyond the {bits} bits of the chip's "
        "accumulators (fewer inputs, smaller weights, or quant.fan_in_penalty)"
    )


def snapped(x: Tensor, unit: float | Tensor) -> Tensor:
    """Round to the nearest grid point, to undo the rounding of transforms in some kernels."""
    result: Tensor = _Snap.apply(x, unit)
    return result


def counted(x: Tensor, unit: float | Tensor) -> Tensor:
    """Round a value to whole units, as float64, to undo what a kernel's sums lost."""
    result: Tensor = _Counted.apply(x, unit)
    return result


class _Counted(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, unit: float | Tensor) -> Tensor:
        ctx.kind, ctx.per_unit = x.dtype, 1 / unit
        # Copy even if the type is already right.
        return x.to(torch.float64, copy=True).mul_(ctx.per_unit).add_(0.5).floor_()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0].to(ctx.kind, copy=True).mul_(ctx.per_unit), None


class _Snap(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, unit: float | Tensor) -> Tensor:
        if isinstance(unit, Tensor):
            # Powers of two are exact in every float type.
            unit = unit.to(x.dtype)
        # Work in place: new memory costs more than the arithmetic.
        return x.mul(1 / unit).round_().mul_(unit)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0], None
