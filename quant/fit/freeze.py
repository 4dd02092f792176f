"""The reduction of a trained network to its integers."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from quant.grid.straight_through import Unit
from quant.layer.block import Block
from quant.layer.synapse import GridLayer
from quant.neuron.chip_neuron import ChipNeuron
from snncore import functional


def freeze(network: nn.Module) -> nn.Module:
    """Return a copy that contains only the chip's values, with batch norms folded.

    Examples:
        >>> nd.lower(quant.freeze(on_chip), example=x) == nd.lower(on_chip, example=x)
        True
    """
    frozen = copy.deepcopy(network)
    functional.reset(frozen)
    # A list, because modules are replaced in the loop.
    inside: set[nn.Module] = set()
    for name, module in list(frozen.named_modules()):
        if isinstance(module, Block):
            inside |= set(module.modules())
            frozen = _placed(frozen, name, _frozen_block(module))
        elif module in inside:
            continue
        elif isinstance(module, GridLayer):
            module.put(module.integer_weight(), module.unit)
        elif isinstance(module, ChipNeuron):
            values = module.integers()
            frozen = _placed(frozen, name, _frozen_neuron(module, values, module.unit))
    return frozen.requires_grad_(False).eval()


def _placed(root: nn.Module, path: str, module: nn.Module) -> nn.Module:
    if not path:
        return module
    parent, _, name = path.rpartition(".")
    setattr(root.get_submodule(parent), name, module)
    return root


@torch.no_grad()
def _frozen_block(block: Block) -> Block:
    """Return a block without batch norm, whose weights and bias are already on the grid."""
    values, unit = block.integers(), block.unit
    neurons = _frozen_neuron(block.neuron, values, unit)
    synapse, bias = block.synapse.frozen(block.integer_weight()), values["bias"]
    if neurons.bias is None and isinstance(bias, Tensor):
        synapse.bias = nn.Parameter((bias * unit).to(torch.float32))
    if synapse.log2 is None:
        # The unit may have been learned, and may have moved with it.
        neurons.exponent = synapse.exponent
    return Block(synapse, neurons)


@torch.no_grad()
def _frozen_neuron(module: ChipNeuron, values: Any, unit: Unit) -> ChipNeuron:
    """Return neurons whose parameters are the values of the registers."""
    config = module.config() | {"learnable": (), "surrogate": module.surrogate, "units_above": 0}
    for name, value in values.items():
        if name == "bias":
            continue
        scaled, argument = value * module.unit_of(name, unit), module.argument_of(name)
        config[argument] = scaled.detach().float().cpu() if isinstance(scaled, Tensor) else scaled
    kind: Any = type(module)
    frozen: ChipNeuron = kind(**config)
    frozen.deviations, frozen.input_shape = module.deviations, module.input_shape
    if module.bias is not None and frozen.bias is not None:
        frozen.bias.copy_((values["bias"] * unit).reshape(-1))
    return frozen.to(_device(module))


def _device(module: nn.Module) -> torch.device:
    tensor = next(iter(module.state_dict().values()), None)
    return torch.device("cpu") if tensor is None else tensor.device
