"""Weights, biases and thresholds as integers times a power of two, layer by layer."""

from __future__ import annotations

from copy import deepcopy
from math import frexp

import torch
from torch import fx

from snncore.ann2snn.drive import driven
from snncore.ann2snn.neuron import drop_of


def to_integers(network: fx.GraphModule, bits: int = 8) -> fx.GraphModule:
    """Copy a converted network onto a chip's grids.

    All weights that lead to one layer of neurons share the smallest power of two in which the
    largest fits signed integers of so many bits; biases, levels and drops are integers of the
    same unit. What comes out are still floats, so that `quant` finds nothing to round.

    Raises:
        ValueError: if there are fewer than two bits.
    """
    if bits < 2:
        raise ValueError(f"ann2snn.to_integers: {bits} bits")
    result = deepcopy(network)
    for group, neuron in driven(result):
        largest = max(float(module.weight.detach().abs().max()) for module in group)
        unit = _unit(largest, bits)
        for module in group:
            _round(module.weight, unit)
            if module.bias is not None:
                _round(module.bias, unit)
        if neuron is not None:
            drop = drop_of(neuron)
            _round(drop, unit, least=1)
            level = getattr(neuron, "level", None)
            if level is not None:
                with torch.no_grad():
                    level.copy_((drop / 2 / unit).floor().clamp(min=1) * unit)
    return result


def _unit(largest: float, bits: int) -> float:
    """Return the smallest power of two as a unit in which the largest value fits the bits."""
    if largest == 0:
        return 1.0
    unit = 2.0 ** (frexp(largest)[1] - bits + 1)
    return unit if round(largest / unit) < 2 ** (bits - 1) else unit * 2


@torch.no_grad()
def _round(values: torch.Tensor, unit: float, least: int | None = None) -> None:
    rounded = (values / unit).round()
    if least is not None:
        rounded = rounded.clamp(min=least)
    values.copy_(rounded * unit)
