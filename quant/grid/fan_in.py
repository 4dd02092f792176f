"""Weights whose sums cannot overflow: if a neuron's sums are too large, its weights shrink."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from quant.grid.formats import ChipFormat
from quant.grid.straight_through import Unit


def within_fan_in(weight: Tensor, unit: Unit, form: ChipFormat, inputs: int = 1) -> Tensor:
    """Return weights on the grid whose sums, for `inputs` spikes per input, fit the format."""
    if form.fan_in is None:
        return weight
    step = form.weights.step
    result: Tensor = _Within.apply(weight, unit * step, form.fan_in // (step * inputs))
    return result


def one_sided(weight: Tensor) -> Tensor:
    """Return, for each output, the larger of the sums of its positive and its negative weights.

    Whichever inputs spike, and in whatever order they are added, no partial sum is larger.
    """
    rows = weight.reshape(weight.shape[0], -1)
    return torch.maximum(rows.clamp(min=0).sum(1), rows.clamp(max=0).sum(1).neg())


class _Within(torch.autograd.Function):
    """Weights shrunk toward zero; gradients pass as if nothing had been shrunk."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, unit: Unit, largest: int) -> Tensor:
        integers = weight.double() / unit
        total = one_sided(integers)
        # Whole numbers are divided once and multiplied once: the same bits on every device.
        factor = (largest / total.clamp(min=1)).reshape(-1, *[1] * (integers.ndim - 1))
        shrunk = torch.where(factor < 1, torch.trunc(integers * factor), integers)
        return (shrunk * unit).to(weight.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0], None, None
