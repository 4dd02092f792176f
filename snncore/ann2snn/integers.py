"""Weights, biases and thresholds as integers times a power of two, layer by layer."""

from __future__ import annotations

from copy import deepcopy
from math import frexp
from typing import Any

import torch
from torch import fx

from snncore.ann2snn.fusion import WEIGHTED
from snncore.ann2snn.neuron import RateIF


def to_integers(network: fx.GraphModule, bits: int = 8) -> fx.GraphModule:
    """A copy of a converted network on grids that chips have.

    All weights that lead to one layer of neurons share the smallest power of two in which the
    largest fits signed integers of so many bits; biases, levels and drops are integers of the
    same unit. What comes out are still floats, so that `quant` finds nothing to round.

    Raises:
        ValueError: if there are fewer than two bits.
    """
    if bits < 2:
        raise ValueError(f"ann2snn.to_integers: {bits} bits")
    result = deepcopy(network)
    for group, neuron in _groups(result):
        largest = max(float(module.weight.detach().abs().max()) for module in group)
        unit = _unit(largest, bits)
        for module in group:
            _round(module.weight, unit)
            if module.bias is not None:
                _round(module.bias, unit)
        if neuron is not None:
            _round(neuron.drop, unit, least=1)
            half = bool((neuron.level < neuron.drop * 0.75).all())
            with torch.no_grad():
                level = neuron.drop / 2 if half else neuron.drop
                neuron.level.copy_((level / unit).floor().clamp(min=1) * unit)
    return result


def _unit(largest: float, bits: int) -> float:
    """The smallest power of two of which so many bits hold the largest value."""
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


def _groups(network: fx.GraphModule) -> list[tuple[list[Any], Any]]:
    """The layers of weights that lead to the same neurons, and these; at the end there are none."""
    # A node's name -> the layers of weights whose sums it carries.
    carried: dict[str, list[Any]] = {}
    groups: list[tuple[list[Any], Any]] = []
    for node in network.graph.nodes:
        behind = [m for source in node.all_input_nodes for m in carried.get(source.name, [])]
        if node.op == "call_module":
            module = network.get_submodule(str(node.target))
            if isinstance(module, RateIF):
                groups.append((behind, module))
                behind = []
            elif isinstance(module, WEIGHTED):
                behind = [module]
        elif node.op == "output":
            groups.append((behind, None))
        carried[node.name] = behind
    return [(list(dict.fromkeys(modules)), neuron) for modules, neuron in groups if modules]
