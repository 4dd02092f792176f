"""Scales: powers of two, one for a layer or one for each channel, fixed or learned."""

from __future__ import annotations

from enum import StrEnum

import torch
from torch import Tensor

from quant.formats import Grid


class Scale(StrEnum):
    """Whether training changes what one unit means."""

    FIXED = "fixed"
    LEARNED = "learned"


def exponents(log2: Tensor, allowed: Grid) -> Tensor:
    """The exponents that logarithms are rounded to."""
    return torch.round(log2.detach().double()).clamp(allowed.minimum, allowed.maximum)


def powers(exponents: Tensor) -> Tensor:
    """2 to these exponents in float64, exactly on every device: built from bits."""
    biased = exponents.to(torch.int64) + 1023
    return (biased << 52).view(torch.float64)


def fitting_log2(weight: Tensor, grid: Grid, *, per_channel: bool, percentile: float) -> Tensor:
    """The logarithm of the unit with which so many percent of the weights are on the grid.

    Raises:
        ValueError: if the percentile is none.
    """
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile: {percentile:g} is not between 0 and 100")
    sizes = weight.detach().double().abs()
    rows = sizes.reshape(sizes.shape[0], -1) if per_channel else sizes.reshape(1, -1)
    rank = max(1, round(rows.shape[1] * percentile / 100))
    largest = rows.kthvalue(rank, dim=1).values.clamp(min=2.0**-60)
    logs = torch.log2(largest / grid.maximum)
    return logs if per_channel else logs.reshape(())


def searched_exponents(weight: Tensor, grid: Grid, *, per_channel: bool) -> Tensor:
    """The exponents with which the weights lose least, in the mean of squares."""
    from quant.straight_through import integers_on_grid

    double = weight.detach().double()
    rows = double.reshape(double.shape[0], -1) if per_channel else double.reshape(1, -1)
    largest = rows.abs().amax(1).clamp(min=2.0**-60)
    top = torch.ceil(torch.log2(largest / grid.maximum))
    best, least = top, torch.full_like(top, float("inf"))
    for lower in range(5):
        unit = powers(top - lower).reshape(-1, 1)
        loss = (integers_on_grid(rows, grid, unit) * unit - rows).square().mean(1)
        best, least = torch.where(loss < least, top - lower, best), torch.minimum(loss, least)
    return best if per_channel else best.reshape(())
