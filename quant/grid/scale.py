"""Scales: powers of two, one per layer or one per channel, fixed or learned."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from math import ceil, floor, log2
from typing import Any

import torch
from torch import Tensor

from quant.grid.formats import ChipFormat, Grid


class Scale(StrEnum):
    """Whether training changes the value of one unit."""

    FIXED = "fixed"
    LEARNED = "learned"

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise ValueError(f"scale: {value!r} is not a power of two, 'fixed' or 'learned'")


def exponents(log2: Tensor, allowed: Grid) -> Tensor:
    """Return logarithms rounded to the permitted exponents."""
    return torch.round(log2.detach().double()).clamp(allowed.minimum, allowed.maximum)


@lru_cache(maxsize=4096)
def device_number(value: float, device: torch.device) -> Tensor:
    """Return a number on a device, where it was before unless this is the first time."""
    with torch.inference_mode(False):
        return torch.full((), value, dtype=torch.float64, device=device)


def powers(exponents: Tensor) -> Tensor:
    """Return 2 to these exponents in float64, built from bits, so exact on every device."""
    biased = exponents.to(torch.int64) + 1023
    return (biased << 52).view(torch.float64)


def fitting_log2(weight: Tensor, grid: Grid, *, per_channel: bool, percentile: float) -> Tensor:
    """Return the logarithm of the unit with which `percentile` percent of the weights fit the grid.

    Raises:
        ValueError: if the percentile is out of range.
    """
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile: {percentile:g} is not between 0 and 100")
    sizes = weight.detach().double().abs()
    rows = sizes.reshape(sizes.shape[0], -1) if per_channel else sizes.reshape(1, -1)
    rank = max(1, round(rows.shape[1] * percentile / 100))
    largest = rows.kthvalue(rank, dim=1).values.clamp(min=2.0**-60)
    logs = torch.log2(largest / grid.maximum)
    return logs if per_channel else logs.reshape(())


def best_exponents(
    weight: Tensor,
    form: ChipFormat,
    threshold: Any,
    *,
    per_channel: bool,
    name: str,
    fan_in: bool = True,
    inputs: int = 1,
    spikes: bool = False,
) -> Tensor:
    """Return the exponents with which weights lose least, in the mean of squares.

    Only those count with which the threshold, if there is one, is at most half of the largest one
    and, with `spikes`, a plain spike is a whole number of units.

    Raises:
        ValueError: if there is none; names the layer.
    """
    rows = weight.detach().double().reshape(weight.shape[0] if per_channel else 1, -1)
    least, most = _permitted(threshold, form, name)
    if not bool(torch.isfinite(rows).all()):
        raise ValueError(f"{name}: a weight is NaN or infinite")
    if spikes:
        _require_whole_spikes(least, threshold, form, name)
        most = min(most, 0)
    largest = rows.abs().amax(1).clamp(min=2.0**-60)
    top = torch.ceil(torch.log2(largest / form.weights.maximum)) + 2
    best = lowest = torch.full_like(top, float("inf"))
    for lower in range(8):
        exponent = (top - lower).clamp(least, most)
        loss = _loss(weight.detach().double(), exponent, form, inputs if fan_in else None)
        best, lowest = torch.where(loss < lowest, exponent, best), torch.minimum(loss, lowest)
    return best if per_channel else best.reshape(())


def _permitted(threshold: Any, form: ChipFormat, name: str) -> tuple[int, int]:
    """Return the smallest and the largest exponent with which a threshold fits its register.

    Raises:
        ValueError: if there is none; names the layer.
    """
    ends = (form.exponents.minimum, form.exponents.maximum)
    if threshold is None:
        return ends
    limits = torch.as_tensor(threshold).detach().double().reshape(-1)
    if not bool(((limits > 0) & torch.isfinite(limits)).all()):
        raise ValueError(f"{name}: the chip needs a threshold above zero")
    least = ceil(log2(float(limits.max()) / (form.thresholds.maximum // 2)))
    most = floor(log2(float(limits.min()) / max(form.thresholds.minimum, 1)))
    least, most = max(least, ends[0]), min(most, ends[1])
    if least > most:
        raise ValueError(f"{name}: {form.name} has no unit for thresholds of {limits.tolist()}")
    return least, most


def _require_whole_spikes(least: int, threshold: Any, form: ChipFormat, name: str) -> None:
    """Check that a plain spike is a whole number of the smallest unit that a layer may have."""
    if least > 0:
        highest = float(torch.as_tensor(threshold).detach().max())
        raise ValueError(
            f"{name}: adds plain spikes, and for a threshold of {highest:g} {form.name} counts "
            f"in units of at least 2^{least}, of which 1 is not a multiple (put layer.Linear or "
            "layer.Conv2d on the branch that brings them, or use a lower threshold)"
        )


def unit_of_one(form: ChipFormat, threshold: Any, name: str) -> int:
    """Return the finest exponent with which 1 is a weight and the threshold fits twice.

    Raises:
        ValueError: if there is none; names the layer.
    """
    largest = float(torch.as_tensor(threshold).detach().max())
    fine, coarse = -floor(log2(form.weights.maximum)), -((form.weights.step - 1).bit_length())
    for exponent in range(fine, coarse + 1):
        if largest <= 2.0**exponent * (form.thresholds.maximum // 2):
            return exponent
    raise ValueError(f"{name}: a threshold of {largest:g} is too high for {form.name}")


def _loss(weight: Tensor, exponent: Tensor, form: ChipFormat, inputs: int | None) -> Tensor:
    """Return the rounding loss of each row that has its own exponent."""
    from quant.grid.fan_in import within_fan_in
    from quant.grid.straight_through import integers_on_grid

    unit = powers(exponent).reshape(-1, *[1] * (weight.ndim - 1))
    integers = integers_on_grid(weight, form.weights, unit)
    limited = integers if inputs is None else within_fan_in(integers, 1.0, form, inputs)
    return (limited * unit - weight).square().reshape(exponent.numel(), -1).mean(1)
