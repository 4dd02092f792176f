"""A batch norm folded into weights that are rounded to a grid: one kernel there, one back."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from torch import Tensor

from quant.grid.exact import EXACT_FLOAT32, is_power_of_two
from quant.grid.formats import ChipFormat, Grid
from quant.grid.gpu.statistics import by_image, images_back
from quant.grid.noted import flag_of, has_triton
from quant.grid.scale import device_number
from snncore.kernels.triton.launch import Launch
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


def bias_type(form: ChipFormat) -> torch.dtype:
    """Return the type of a bias's integers: the narrowest float that holds them."""
    most = max(-form.biases.minimum, form.biases.maximum)
    return torch.float32 if most <= EXACT_FLOAT32 else torch.float64


def folded(
    weight: Tensor,
    rounding: Rounding,
    norm: BatchNorm | None = None,
    statistics: tuple[Tensor, Tensor] | None = None,
    bias: Tensor | None = None,
    sums: Tensor | None = None,
) -> tuple[Tensor, WholeBias | None]:
    """Return weights on the grid, and the integers of the bias, with the norm in both.

    The norm's statistics are given, or those of sums that the kernels take, or the running ones.
    """
    tensors: tuple[Optional, ...] = (None,) * 4
    if norm is not None:
        tensors = *(statistics or (norm.running_mean, norm.running_var)), *norm.affine_parameters()
    if sums is not None:
        tensors = (None, None, *tensors[2:])
    rounded, offset = _Fold.apply(rounding, norm, sums, weight, rounding.log2, *tensors, bias)
    return rounded, None if offset is None else WholeBias(offset)


class _Fold(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        rounding: Rounding,
        norm: BatchNorm | None,
        sums: Optional,
        weight: Tensor,
        log2: Optional,
        *parts: Optional,
    ) -> tuple[Tensor, Optional]:
        unit = rounding.unit
        if not isinstance(unit, Tensor):
            unit = device_number(unit, weight.device)
        rows, batch = weight.shape[0], None
        running: tuple[Optional, ...] = (None,) * 4
        has = Presence(*(each is not None for each in parts[2:]))
        if sums is not None and norm is not None:
            batch, running, parts = _reduced(sums, norm, parts)
            ctx.images = batch.images
        learned = ctx.needs_input_grad[4]
        forth, ctx.back = folding(weight, rounding, unit.numel(), norm, batch, has, learned)
        rounded, offset = torch.empty_like(weight), None
        if norm is not None or parts[-1] is not None:
            offset = weight.new_empty(rows, dtype=bias_type(rounding.form))
        flag = flag_of(weight, f"{rounding.name}: a value, or a bias, is NaN or infinite")
        tensors = (*parts, offset, flag, *running)
        forth((weight, rounded, unit, *[rounded if each is None else each for each in tensors]))
        ctx.save_for_backward(sums, weight, unit, log2, *parts)
        ctx.form = rounding.form
        ctx.set_materialize_grads(False)
        return rounded, offset

    @staticmethod
    def backward(ctx: Any, arrived: Optional, moved: Optional) -> tuple[Optional, ...]:
        sums, weight, unit, log2, *parts = ctx.saved_tensors
        arrived = torch.zeros_like(weight) if arrived is None else arrived.contiguous()
        if moved is None:
            moved = weight.new_zeros(weight.shape[0], dtype=bias_type(ctx.form))
        moved = moved.contiguous()
        back = torch.empty_like(weight)
        results = [None if each is None else torch.empty_like(each) for each in parts]
        to_log2 = weight.new_empty(weight.shape[0]) if ctx.needs_input_grad[4] else None
        tensors = (weight, unit, *parts, arrived, moved, back, *results, to_log2)
        ctx.back([back if each is None else each for each in tensors])
        if to_log2 is not None:
            total = to_log2.sum() if log2.numel() == 1 else to_log2
            spread = sqrt(max(weight.numel() * ctx.form.weights.maximum, 1))
            to_log2 = (total / spread).reshape(log2.shape).to(log2.dtype)
        to_sums = None
        if sums is not None:
            # The kernel wrote those of means and variances one after the other.
            to_sums = images_back(sums, parts[0], results[0], ctx.images)
            results[0] = None
        return None, None, to_sums, back, to_log2, *results


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a fold has a norm's gain and shift, and a bias."""

    gain: bool
    shift: bool
    bias: bool


def folding(
    weight: Tensor,
    rounding: Rounding,
    units: int,
    norm: BatchNorm | None,
    batch: Any,
    has: Presence,
    learned: bool,
) -> tuple[Launch, Launch]:
    """Return the launches that fold and round weights, and pass their gradients back."""
    from quant.grid.gpu import launches
    from snncore.kernels.triton import grid as kernels

    grids, rows = _grids(rounding), weight.shape[0]
    form = kernels.NORM * (norm is not None) + kernels.GAIN * has.gain
    form += kernels.SHIFT * has.shift + kernels.BIAS * has.bias
    form += kernels.CHANNELS * (units > 1) + kernels.LEARNED * learned
    form += kernels.LIMITED * (grids.limit > 0) + kernels.BATCH * (batch is not None)
    eps = 0.0 if norm is None else norm.eps
    return launches.folding(rows, weight.numel() // rows, eps, grids, batch, form)


def _reduced(
    sums: Tensor, norm: BatchNorm, parts: tuple[Optional, ...]
) -> tuple[Any, tuple[Tensor, ...], tuple[Optional, ...]]:
    """Reduce sums by image; return their form, what the kernel moves, and parts with moments."""
    from quant.grid.gpu.launches import Batch

    reduced, images, pixels = by_image(sums, norm)
    running = reduced, norm.running_mean, norm.running_var, norm.num_batches_tracked
    moments = reduced.new_empty((2, norm.num_features))
    return Batch(images, pixels, norm.momentum), running, (moments, *parts[1:])


def _grids(rounding: Rounding) -> Any:
    from quant.grid.gpu.launches import Grids

    form = rounding.form
    limit = 0 if form.fan_in is None else form.fan_in // (form.weights.step * rounding.inputs)
    return Grids(form.weights, form.biases, limit)
