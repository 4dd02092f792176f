"""A batch norm folded into weights that are rounded to a grid: one kernel there, one back."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from torch import Tensor

from quant.grid.exact import is_power_of_two
from quant.grid.formats import ChipFormat, Grid
from quant.grid.noted import flag_of, has_triton
from quant.grid.scale import device_number
from snncore.layer import BatchNorm

# The kernels add 1.5 * 2**23 to round, which holds integers up to here.
_LARGEST = 1 << 21
Optional = Tensor | None


@dataclass(frozen=True)
class Rounding:
    """A format's grids for inputs up to this size, and the value of one integer.

    `log2` is the logarithm that the unit was rounded from, if there is one.
    """

    form: ChipFormat
    unit: float | Tensor
    log2: Tensor | None = None
    inputs: int = 1
    name: str = "weight"


@dataclass(frozen=True)
class WholeBias:
    """A bias that is rounded to integers already."""

    integers: Tensor


def folds(weight: Tensor, form: ChipFormat) -> bool:
    """Return whether the kernels take these weights in this format."""
    if not weight.is_cuda or not has_triton():
        return False
    plain = weight.dtype == torch.float32 and weight.is_contiguous() and weight.numel() > 0
    return plain and _small(form.weights) and form.biases.step == 1


def _small(grid: Grid) -> bool:
    return max(-grid.minimum, grid.maximum) <= _LARGEST and is_power_of_two(grid.step)


def folded(
    weight: Tensor,
    rounding: Rounding,
    norm: BatchNorm | None = None,
    statistics: tuple[Tensor, Tensor] | None = None,
    bias: Tensor | None = None,
) -> tuple[Tensor, WholeBias | None]:
    """Return weights on the grid, and the integers of the bias, with the norm in both."""
    tensors: tuple[Optional, ...] = (None,) * 4
    if norm is not None:
        tensors = *(statistics or (norm.running_mean, norm.running_var)), *norm.affine_parameters()
    eps = 0.0 if norm is None else norm.eps
    rounded, offset = _Fold.apply(rounding, eps, weight, rounding.log2, *tensors, bias)
    return rounded, None if offset is None else WholeBias(offset)


class _Fold(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, rounding: Rounding, eps: float, weight: Tensor, log2: Optional, *parts: Optional
    ) -> tuple[Tensor, Optional]:
        from quant.grid.gpu import launches
        from snncore.kernels.triton import grid as kernels

        unit = rounding.unit
        if not isinstance(unit, Tensor):
            unit = device_number(unit, weight.device)
        mean, _, gain, shift, bias = parts
        form = kernels.NORM * (mean is not None) + kernels.GAIN * (gain is not None)
        form += kernels.SHIFT * (shift is not None) + kernels.BIAS * (bias is not None)
        form += kernels.CHANNELS * (unit.numel() > 1) + kernels.LEARNED * ctx.needs_input_grad[3]
        grids = _grids(rounding)
        form += kernels.LIMITED * (grids.limit > 0)
        rows = len(weight)
        forth, ctx.back = launches.folding(rows, weight.numel() // rows, eps, grids, form)
        rounded, offset = torch.empty_like(weight), None
        if mean is not None or bias is not None:
            offset = unit.new_empty(rows)
        tensors = [rounded if each is None else each for each in (*parts, offset)]
        flag = flag_of(weight, f"{rounding.name}: a value, or a bias, is NaN or infinite")
        forth((weight, rounded, unit, *tensors, flag))
        ctx.save_for_backward(weight, unit, log2, *parts)
        ctx.maximum = rounding.form.weights.maximum
        ctx.set_materialize_grads(False)
        return rounded, offset

    @staticmethod
    def backward(ctx: Any, arrived: Optional, moved: Optional) -> tuple[Optional, ...]:
        weight, unit, log2, *parts = ctx.saved_tensors
        arrived = torch.zeros_like(weight) if arrived is None else arrived.contiguous()
        moved = unit.new_zeros(len(weight)) if moved is None else moved.contiguous()
        back = torch.empty_like(weight)
        results = [None if each is None else torch.empty_like(each) for each in parts]
        to_log2 = weight.new_empty(len(weight)) if ctx.needs_input_grad[3] else None
        tensors = (weight, unit, *parts, arrived, moved, back, *results, to_log2)
        ctx.back([back if each is None else each for each in tensors])
        if to_log2 is not None:
            total = to_log2.sum() if log2.numel() == 1 else to_log2
            spread = sqrt(max(weight.numel() * ctx.maximum, 1))
            to_log2 = (total / spread).reshape(log2.shape).to(log2.dtype)
        return None, None, back, to_log2, *results


def _grids(rounding: Rounding) -> Any:
    from quant.grid.gpu.launches import Grids

    form = rounding.form
    limit = 0 if form.fan_in is None else form.fan_in // (form.weights.step * rounding.inputs)
    return Grids(form.weights, form.biases, limit)
