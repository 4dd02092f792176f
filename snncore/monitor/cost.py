"""What a network does for some samples: firing rates, synaptic operations, energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from snncore import functional, layer
from snncore.monitor.watch import inputs, outputs
from snncore.neuron import Neuron

# Joules of a 32-bit multiplication with addition, and of an addition, in 45 nm (Horowitz 2014).
MULTIPLY_ADD, ADD = 4.6e-12, 0.9e-12
_SYNAPSES = (
    layer.Linear,
    layer.Conv1d,
    layer.Conv2d,
    layer.Conv3d,
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
)


@dataclass(frozen=True)
class LayerCost:
    """A layer's work for one sample, over all steps.

    Of a layer of weights: `dense` operations if every input counted, `synaptic` ones where the
    input was not zero, and whether inputs were spikes, so that additions are enough.
    """

    dense: float
    synaptic: float
    spikes: bool

    def energy(self, multiply_add: float = MULTIPLY_ADD, add: float = ADD) -> float:
        """An estimate in joules: additions for spikes, multiplications with additions else."""
        return self.synaptic * add if self.spikes else self.dense * multiply_add


@dataclass(frozen=True)
class Profile:
    """Firing rates of the neurons and costs of the layers of weights, by name."""

    rates: Mapping[str, float]
    costs: Mapping[str, LayerCost]

    @property
    def synaptic_operations(self) -> float:
        """Of one sample, in all layers."""
        return sum(cost.synaptic for cost in self.costs.values())

    def energy(self, multiply_add: float = MULTIPLY_ADD, add: float = ADD) -> float:
        """An estimate in joules of one sample."""
        return sum(cost.energy(multiply_add, add) for cost in self.costs.values())

    def text(self) -> str:
        """A table."""
        lines = [f"{name:24} rate {rate:.4f}" for name, rate in self.rates.items()]
        for name, cost in self.costs.items():
            lines.append(
                f"{name:24} {cost.synaptic:12.0f} of {cost.dense:12.0f} operations "
                f"{cost.energy() * 1e9:10.3f} nJ"
            )
        return "\n".join(lines)


@torch.no_grad()
def profile(network: nn.Module, samples: Tensor) -> Profile:
    """Run samples (T, N, ...) and count; the network is left reset.

    Raises:
        ValueError: if there are no samples.
    """
    if samples.ndim < 3 or samples.shape[1] == 0:
        raise ValueError(f"monitor.profile: takes (T, N, ...), and is given {tuple(samples.shape)}")
    functional.reset(network)
    modules = dict(network.named_modules())
    count = samples.shape[1]
    with (
        outputs(network, Neuron, transform=lambda spikes: spikes.mean().item()) as rates,
        inputs(network, _SYNAPSES) as given,
    ):
        network(samples)
    functional.reset(network)
    costs = {name: _cost(modules[name], values, count) for name, values in given.items() if values}
    return Profile({name: sum(v) / len(v) for name, v in rates.items() if v}, costs)


def _cost(module: nn.Module, calls: list[Tensor], count: int) -> LayerCost:
    dense = sum(_operations(module, torch.ones_like(x)) for x in calls) / count
    active = sum(_operations(module, (x != 0).to(x.dtype)) for x in calls) / count
    spikes = all(bool(((x == 0) | (x == 1)).all()) for x in calls)
    return LayerCost(dense, active, spikes)


def _operations(module: Any, active: Tensor) -> float:
    """How many weights meet an active input."""
    if isinstance(module, layer.Linear | nn.Linear):
        return float(active.double().sum()) * module.out_features
    axes = module.weight.ndim - 1
    flat = active.reshape(-1, *active.shape[active.ndim - axes :])
    run = (nn.functional.conv1d, nn.functional.conv2d, nn.functional.conv3d)[axes - 2]
    # One output a group with weights of one counts what each output channel of it adds.
    each = torch.ones_like(module.weight[: module.groups])
    geometry = module.stride, module.padding, module.dilation, module.groups
    sums: Tensor = run(flat, each, None, *geometry)
    return float(sums.double().sum()) * (module.out_channels // module.groups)
