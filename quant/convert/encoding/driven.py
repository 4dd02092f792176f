"""Neurons behind an encoder on a chip whose input neurons a host drives with its integers."""

from __future__ import annotations

from math import ceil, floor, log2
from typing import Any

import torch

from quant.convert.neurons.near import Nearest
from quant.grid.formats import ChipFormat
from quant.neuron.cuba import DrivenCubaLIF


def driven_neurons(
    near: Nearest, form: ChipFormat, name: str, gain: float, largest: int
) -> DrivenCubaLIF:
    """Return input neurons, whose host multiplies integers of at most `largest` by a whole number.

    The unit is the finest for which the threshold and every input fit the registers.

    Raises:
        ValueError: if there is none, or the neurons have biases; names the layer.
    """
    if bool(torch.as_tensor(near.bias).any()):
        raise ValueError(
            f"{name}: has a bias, and a host drives these neurons (put layer.Linear or "
            "layer.Conv2d and a bias behind them)"
        )
    highest = float(torch.as_tensor(near.threshold()).detach().max())
    current = form.system.state("u")
    inputs = (1 << (current.bits - 2 - current.fraction)) // largest
    # The register of the host's factor is that of a bias.
    most = floor(log2(max(min(inputs, form.biases.maximum), 1)))
    # The encoder's step, which is a whole number of units.
    step = round(-log2(gain))
    exponent = max(step - most, ceil(log2(highest / (form.thresholds.maximum // 2))))
    if exponent > step or inputs < 1:
        raise ValueError(
            f"{name}: a threshold of {highest:g} is too high for steps of 2^{step} (use a lower "
            "threshold, or an encoder of fewer bits)"
        )
    options: dict[str, Any] = {**near.options, **near.scaled(1.0), "units_above": near.units_above}
    neurons = DrivenCubaLIF(**options, scale=2.0**step, exponent=exponent, format=form)
    neurons.deviations = near.deviations
    return neurons
