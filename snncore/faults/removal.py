"""A network without its layers of faults, which no chip computes."""

from __future__ import annotations

import copy

from torch import nn

from snncore.faults.layers import DropSpikes, Mismatch, Noise
from snncore.faults.stuck import StuckSynapses

_BETWEEN = (DropSpikes, Mismatch, Noise)


def without(network: nn.Module) -> nn.Module:
    """Return a copy without layers of faults: their synapses stay, with the weights they learnt.

    The other layers of a plain Sequential move up; elsewhere an identity takes a fault's place.
    """
    return _healed(copy.deepcopy(network))


def _healed(module: nn.Module) -> nn.Module:
    if isinstance(module, StuckSynapses):
        return module.synapse
    if isinstance(module, _BETWEEN):
        return nn.Identity()
    if type(module) is nn.Sequential:
        kept = [_healed(each) for each in module if not isinstance(each, _BETWEEN)]
        return nn.Sequential(*kept).train(module.training)
    for name, child in list(module.named_children()):
        setattr(module, name, _healed(child))
    return module
