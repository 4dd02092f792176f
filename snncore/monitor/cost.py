"""The activity of a network on some samples: firing rates, synaptic operations, energy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from snncore import functional, layer
from snncore.monitor.watch import all_inputs, outputs
from snncore.neuron import Neuron

# Joules of a 32-bit multiplication with addition, and of an addition, in 45 nm (Horowitz 2014).
MULTIPLY_ADD, ADD = 4.6e-12, 0.9e-12
_SYNAPSES = (
    layer.Linear,
    layer.Conv1d,
    layer.Conv2d,
    layer.Conv3d,
    layer.ConvTranspose1d,
    layer.ConvTranspose2d,
    layer.ConvTranspose3d,
    layer.SpikeAttention,
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
_F = nn.functional
_CONVOLUTIONS: tuple[Callable[..., Tensor], ...] = (_F.conv1d, _F.conv2d, _F.conv3d)
_TRANSPOSED: tuple[Callable[..., Tensor], ...] = (
    _F.conv_transpose1d,
    _F.conv_transpose2d,
    _F.conv_transpose3d,
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
        """Estimate joules: additions for spikes, multiplications with additions otherwise."""
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
        """Estimate the joules of one sample."""
        return sum(cost.energy(multiply_add, add) for cost in self.costs.values())

    def text(self) -> str:
        """Format the profile as a table."""
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
        raise ValueError(f"monitor.profile: takes (T, N, ...), but got {tuple(samples.shape)}")
    functional.reset(network)
    modules = dict(network.named_modules())
    count = samples.shape[1]
    with (
        outputs(network, Neuron, transform=lambda spikes: spikes.mean().item()) as rates,
        all_inputs(network, _SYNAPSES) as inputs,
    ):
        network(samples)
    functional.reset(network)
    costs = {name: _cost(modules[name], values, count) for name, values in inputs.items() if values}
    return Profile({name: sum(v) / len(v) for name, v in rates.items() if v}, costs)


def _cost(module: nn.Module, calls: list[tuple[Tensor, ...]], count: int) -> LayerCost:
    dense = sum(_operations(module, *map(torch.ones_like, inputs)) for inputs in calls) / count
    active = [tuple((x != 0).to(x.dtype) for x in inputs) for inputs in calls]
    synaptic = sum(_operations(module, *inputs) for inputs in active) / count
    spikes = all(bool(((x == 0) | (x == 1)).all()) for inputs in calls for x in inputs)
    return LayerCost(dense, synaptic, spikes)


def _operations(module: Any, *active: Tensor) -> float:
    """Count the weights that meet an active input, or the active inputs that meet each other."""
    if isinstance(module, layer.SpikeAttention):
        return _coincidences(module, *active)
    x = active[0]
    if isinstance(module, layer.Linear | nn.Linear):
        return float(x.double().sum()) * module.out_features
    axes = module.weight.ndim - 1
    flat = x.reshape(-1, *x.shape[x.ndim - axes :])
    geometry: tuple[Any, ...] = module.stride, module.padding
    # One output a group with weights of one counts what each output channel of it adds.
    if "Transpose" in type(module).__name__:
        run, each = _TRANSPOSED[axes - 2], torch.ones_like(module.weight[:, :1])
        geometry += module.output_padding, module.groups, module.dilation
    else:
        run, each = _CONVOLUTIONS[axes - 2], torch.ones_like(module.weight[: module.groups])
        geometry += module.dilation, module.groups
    sums = run(flat, each, None, *geometry)
    count: float = float(sums.double().sum()) * (module.out_channels // module.groups)
    return count


def _coincidences(module: layer.SpikeAttention, *active: Tensor) -> float:
    """Count the keys that meet values, and the queries that meet the results."""
    query, key, value = (module.headed(part.double()) for part in active)
    met = key.transpose(-1, -2) @ value
    # Of what came of a key's channel, a query of that channel meets what is not zero.
    behind = query.sum(-2) * (met != 0).double().sum(-1)
    return float(met.sum() + behind.sum())
