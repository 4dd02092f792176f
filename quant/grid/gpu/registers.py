"""The parameters of neurons rounded to a register's integers: one kernel there, one back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from quant.grid.formats import Grid
from quant.grid.noted import flag_of, has_triton
from quant.grid.scale import device_number

# The most values of a parameter, and the largest integer.
_MOST, _LARGEST = 4096, 1 << 24


def rounds(value: Tensor, unit: float | Tensor, grid: Grid) -> bool:
    """Return whether the kernels round this parameter."""
    count = value.numel()
    plain = value.is_cuda and value.is_contiguous() and 0 < count <= _MOST
    small = grid.step == 1 and max(grid.maximum, -grid.minimum) < _LARGEST
    together = not isinstance(unit, Tensor) or unit.numel() in (1, count)
    return plain and small and together and has_triton()


def rounded(value: Tensor, unit: float | Tensor, grid: Grid, above: int, message: str) -> Tensor:
    """Return the nearest integers of a neuron's parameter in units, `above` added."""
    result: Tensor = _Register.apply(value, unit, grid, above, message)
    return result


class _Register(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, value: Tensor, unit: float | Tensor, grid: Grid, above: int, message: str
    ) -> Tensor:
        from quant.grid.gpu import launches

        units = unit if isinstance(unit, Tensor) else device_number(unit, value.device)
        forth, ctx.back = launches.registering(value.numel(), above, grid, units.numel() > 1)
        integers = torch.empty_like(value, dtype=torch.float64)
        forth((value, integers, units, flag_of(value, message)))
        ctx.save_for_backward(value, units)
        return integers

    @staticmethod
    def backward(ctx: Any, *arrived: Tensor) -> tuple[Tensor | None, ...]:
        value, units = ctx.saved_tensors
        back = torch.empty_like(value)
        ctx.back((value, units, arrived[0].contiguous(), back))
        return back, None, None, None, None
