"""Functions with exact integer arithmetic forward and straight-through gradients backward."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite, log, sqrt
from typing import Any

import torch
from torch import Tensor

from quant.grid.exact import is_power_of_two, largest
from quant.grid.formats import Decays, Grid
from quant.grid.noted import is_deferred, note_largest
from snncore.surrogate import Surrogate

_FINITE = torch.finfo(torch.float32).max
# One unit for all values, or one per output channel, shaped to meet the values.
Unit = float | Tensor


def on_grid(
    values: Tensor, grid: Grid, unit: Unit, name: str, log2: Tensor | None = None
) -> Tensor:
    """Return the nearest values on a grid of this unit; the gradient passes except where they clip.

    `log2` is the learned logarithm from which the unit was rounded; it receives its own gradient.

    Raises:
        ValueError: if a value is NaN or infinite; names the value.
    """
    require_finite(values, name)
    result: Tensor = _OnGrid.apply(values, log2, grid, unit)
    return result


def require_finite(values: Tensor, name: str) -> None:
    """Check that all values are numbers; on a GPU, whose step must not wait, it is raised later.

    Raises:
        ValueError: if a value is NaN or infinite; names the value.
    """
    message = f"{name}: a value is NaN or infinite"
    if is_deferred(values):
        note_largest(values, _FINITE, message)
    elif not isfinite(largest(values)):
        raise ValueError(message)


def integers_on_grid(values: Tensor, grid: Grid, unit: Unit) -> Tensor:
    """Return the nearest integers of a grid, for values in units of `unit`."""
    return _nearest(_scaled(values, unit), grid)


def _scaled(values: Tensor, unit: Unit) -> Tensor:
    """Return values in units, which are powers of two: no float type loses a digit."""
    is_float = values.dtype in (torch.float32, torch.float64)
    if isinstance(unit, Tensor):
        return values.double() / unit
    return (values if is_float else values.double()) * (1 / unit)


def _nearest(scaled: Tensor, grid: Grid) -> Tensor:
    low, high = -(-grid.minimum // grid.step), grid.maximum // grid.step
    if grid.step == 1:
        return torch.round(scaled).clamp_(low, high)
    # A third is not the same number in float32 and in float64.
    wide = scaled if is_power_of_two(grid.step) else scaled.double()
    return (wide / grid.step).round_().clamp_(low, high).mul_(grid.step)


def decays_on_grid(values: Tensor, decays: Decays) -> Tensor:
    """Return the nearest decays as integers; at either end only inward steps have a gradient."""
    result: Tensor = _Decay.apply(values, decays)
    return result


def decay_integers(values: Tensor, decays: Decays) -> Tensor:
    """Return the integers of the nearest decays."""
    inside = values.detach().double().clamp(0, 1)
    if not decays.shifts:
        return torch.round(inside * (1 << decays.bits))
    mantissa, exponent = torch.frexp(inside)
    # Between two powers of two the mantissa decides which is nearer, the same on every device.
    power = exponent - (mantissa < 0.75).to(exponent.dtype)
    shifted = torch.ldexp(torch.ones_like(inside), power + decays.bits)
    return torch.where(inside * (1 << decays.bits) < 0.5, 0.0, shifted.clamp(min=1)).round()


@lru_cache(maxsize=512)
def decay_integer(value: float, decays: Decays) -> int:
    """Return the integer of the nearest decay."""
    return int(decay_integers(torch.tensor(value, dtype=torch.float64, device="cpu"), decays))


class _OnGrid(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, log2: Tensor | None, grid: Grid, unit: Unit) -> Tensor:
        scaled = _scaled(values, unit)
        integers = _nearest(scaled, grid)
        inside = scaled.clamp(grid.minimum, grid.maximum) == scaled
        slope = None
        if log2 is not None and log2.requires_grad:
            # The change of the integers when the unit's logarithm grows by one.
            slope = torch.where(inside, integers.double() - scaled, integers.double())
        ctx.save_for_backward(inside, slope)
        ctx.unit, ctx.log2 = unit, log2
        ctx.spread = sqrt(max(values.numel() * grid.maximum, 1))
        return integers.mul_(unit).to(values.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        inside, slope = ctx.saved_tensors
        if slope is None:
            return gradients[0] * inside, None, None, None
        each = gradients[0].double() * slope * ctx.unit * log(2.0)
        to_unit = each.sum_to_size(unit_shape(ctx.log2, each)).reshape(ctx.log2.shape)
        return gradients[0] * inside, (to_unit / ctx.spread).to(ctx.log2.dtype), None, None


def unit_shape(log2: Tensor, like: Tensor) -> tuple[int, ...]:
    """Return the shape in which one value, or one per channel, meets weights (outputs, ...)."""
    return (log2.numel(), *[1] * (like.ndim - 1)) if log2.ndim else (1,) * like.ndim


class _Decay(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, decays: Decays) -> Tensor:
        ctx.save_for_backward(values)
        ctx.size = 1 << decays.bits
        return decay_integers(values, decays)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (values,) = ctx.saved_tensors
        gradient = (gradients[0] * ctx.size).to(values.dtype)
        # A step against the gradient must not move further out of 0 to 1.
        blocked = ((values <= 0) & (gradient > 0)) | ((values >= 1) & (gradient < 0))
        return gradient.masked_fill(blocked, 0), None


class _ScaleToZero(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, ratio: float) -> Tensor:
        ctx.ratio = ratio
        return (x * ratio).trunc_()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0] * ctx.ratio, None


class _ShiftFloor(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bits: int) -> Tensor:
        ctx.unit = 2.0**-bits
        return torch.floor(x * ctx.unit)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0] * ctx.unit, None


class _Wrap(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, half: int, once: bool) -> Tensor:
        if not once:
            return torch.remainder(x + half, 2 * half) - half
        down = torch.where(x > half, x - 2 * half, x)
        return torch.where(x <= -half, x + 2 * half, down)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0], None, None


def shift_to_zero(x: Tensor, bits: int) -> Tensor:
    """Return x / 2**bits rounded toward zero."""
    return scale_to_zero(x, 2.0**-bits)


def scale_to_zero(x: Tensor, ratio: float) -> Tensor:
    """Return x times an exact ratio of integers, rounded toward zero."""
    result: Tensor = _ScaleToZero.apply(x, ratio)
    return result


def shift_floor(x: Tensor, bits: int) -> Tensor:
    """Return x / 2**bits rounded down."""
    result: Tensor = _ShiftFloor.apply(x, bits)
    return result


def wrap(x: Tensor, half: int) -> Tensor:
    """Wrap x into [-half, half), as two's complement does."""
    result: Tensor = _Wrap.apply(x, half, False)
    return result


def wrap_once(x: Tensor, half: int) -> Tensor:
    """Wrap x at most once, into (-half, half]."""
    result: Tensor = _Wrap.apply(x, half, True)
    return result


def select(condition: Any, chosen: Any, other: Any) -> Any:
    """Return `chosen` where the condition holds, else `other`; either may be a number.

    Through a spike that is not detached, the difference of the two flows back, as in equations.
    """
    if not isinstance(condition, Tensor):
        return chosen if condition else other
    if not isinstance(other, Tensor):
        other = torch.full_like(condition, other)
    fired = condition > 0
    if not isinstance(chosen, Tensor) and chosen == 0 and other.shape == fired.shape:
        blended = other.masked_fill(fired, 0)
    else:
        blended = torch.where(fired, chosen, other)
    if not condition.requires_grad:
        return blended
    return blended + (condition - condition.detach()) * (chosen - other).detach()


def detach(value: Any) -> Any:
    """Return the same value, without a gradient."""
    return value.detach() if isinstance(value, Tensor) else value


def holds(comparison: Any) -> Any:
    """Return a comparison as a number, 1 or 0."""
    return comparison.double() if isinstance(comparison, Tensor) else float(comparison)


def minimum(first: Any, second: Any) -> Any:
    """Return the smaller of the two; either may be a number."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return torch.minimum(first, second)
    return first.clamp(max=second) if isinstance(first, Tensor) else second.clamp(max=first)


def maximum(first: Any, second: Any) -> Any:
    """Return the larger of the two; either may be a number."""
    return -minimum(-first, -second)


class SpikeRule:
    """The firing rule on integers whose unit is `unit` of the surrogate's numbers."""

    def __init__(self, surrogate: Surrogate, unit: Unit) -> None:
        self.surrogate, self.unit = surrogate, unit

    def __call__(self, distance: Any, strict: bool) -> Any:
        """Return the spikes, with the surrogate's gradient."""
        if not isinstance(distance, Tensor):
            return float(distance > 0 if strict else distance >= 0)
        return self.surrogate.scaled(distance, strict, self.unit)
