"""The check of a target before training, which refuses at once what no weights could change.

`quant.prepare` finds it through the entry-point group `quant.checks`.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

import quant
from neurodeploy.data.structure import Shape
from neurodeploy.errors import DoesNotFitError, NeurodeployError
from neurodeploy.frontend import graph_of
from neurodeploy.frontend.checkpoint import input_shape
from neurodeploy.target import Target, lowered, require_fits, targets
from quant.layer.synapse import GridLayer
from snncore import layer


def check_prepared(network: nn.Module, example: Any, name: str) -> None:
    """Check that a target can accept a prepared network, whatever weights training gives it.

    What depends on the weights is left to the export. Nothing is checked if no such target is
    installed, or if neither the example nor a layer of the network gives the input's shape.

    Raises:
        DoesNotFitError: if the target can accept it with no weights; names the layer.
    """
    chip = targets().get(name)
    if chip is None:
        return
    if _obstacle(network, example, chip) is None:
        return
    obstacle = _obstacle(_with_small_weights(network), example, chip)
    if obstacle is not None:
        raise obstacle


def _obstacle(network: nn.Module, example: Any, chip: Target) -> DoesNotFitError | None:
    """Return why the target cannot accept the network as it is, if it cannot."""
    try:
        shape = input_shape(network) if example is None else _shape_of(example)
        if shape is None:
            return None
        program = lowered(graph_of(network, shape=shape), chip)
    except NeurodeployError as error:
        words = f"the network does not fit {chip.name}: {error.message}"
        return DoesNotFitError(words, remedy=error.remedy)
    try:
        require_fits(chip.name, chip.check(program))
    except DoesNotFitError as error:
        return error
    return None


def _shape_of(example: Any) -> Shape:
    return tuple(int(length) for length in example.shape[2:])


@torch.no_grad()
def _with_small_weights(network: nn.Module) -> nn.Module:
    """Return a copy with the simplest acceptable weights: one positive, one negative.

    Its batch norms change nothing, and its biases are zero.
    """
    small = copy.deepcopy(network)
    for module in small.modules():
        if isinstance(module, GridLayer | quant.ChipNeuron) and module.bias is not None:
            module.bias.zero_()
        if isinstance(module, GridLayer):
            integers = torch.zeros_like(module.weight)
            integers.view(-1)[-1] = -module.format.weights.step
            integers.view(-1)[0] = module.format.weights.step
            unit = module.unit
            if isinstance(unit, torch.Tensor) and unit.ndim:
                unit = unit.reshape(-1, *[1] * (integers.ndim - 1))
            module.weight.copy_(integers * unit)
        if isinstance(module, layer.BatchNorm):
            module.running_mean.zero_()
            module.running_var.fill_(1.0)
            if module.weight is not None and module.bias is not None:
                module.weight.fill_(1.0)
                module.bias.zero_()
    return small
