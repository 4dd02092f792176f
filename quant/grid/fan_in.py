"""Weights whose sums cannot overflow: where a neuron's are too many, all of them shrink."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from quant.grid.formats import ChipFormat
from quant.grid.straight_through import Unit


def within_fan_in(weight: Tensor, unit: Unit, form: ChipFormat, inputs: int = 1) -> Tensor:
    """Weights on the grid, whose sums of so many spikes an input stay within the format."""
    if form.fan_in is None:
        return weight
    step = form.weights.step
    result: Tensor = _Within.apply(weight, unit * step, form.fan_in // (step * inputs))
    return result


def one_sided(weight: Tensor) -> Tensor:
    """For each output the sum of its positive weights or of its negative ones, the larger.

    Whichever inputs spike, and in whatever order they are added, no partial sum is larger.
    """
    rows = weight.reshape(weight.shape[0], -1)
    return torch.maximum(rows.clamp(min=0).sum(1), rows.clamp(max=0).sum(1).neg())


class _Within(torch.autograd.Function):
    """Shrunk toward zero; a gradient passes as if the factor were none."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, unit: Unit, largest: int) -> Tensor:
        integers = weight.double() / unit
        total = one_sided(integers)
        # Whole numbers divided once and multiplied once: the same bits on every device.
        factor = (largest / total.clamp(min=1)).reshape(-1, *[1] * (integers.ndim - 1))
        shrunk = torch.where(factor < 1, torch.trunc(integers * factor), integers)
        return (shrunk * unit).to(weight.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0], None, None
