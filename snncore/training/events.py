"""Networks whose layers of weights spend time on spikes alone, where that is faster."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from snncore import layer


def event_driven(network: nn.Module, enabled: bool = True) -> nn.Module:
    """Let `Linear` and `Conv2d` add only the weights of spikes, where their rate makes it faster.

    It concerns the CPU, float32 and convolutions of one group, forward and for the gradient of
    weights. The rate below which it is faster is measured once for each machine and shape. Sums are
    added in another order, and so differ in the last digits. Weights keep their shape; those of
    `Linear` are moved in memory. Returns the network.
    """
    for module in network.modules():
        # Layers on a grid have sums of their own.
        if type(module) in (layer.Linear, layer.Conv2d):
            setattr(module, "events", bool(enabled))  # noqa: B010
            if type(module) is layer.Linear:
                weight: Any = module.weight
                columns = weight.detach().t().contiguous().t()
                with torch.no_grad():
                    weight.set_(columns if enabled else columns.contiguous())
    return network
