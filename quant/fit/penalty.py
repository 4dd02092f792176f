"""Terms of a loss that make a network fit a chip: small sums, few weights, few spikes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from quant.grid.fan_in import one_sided
from quant.grid.straight_through import Unit
from quant.layer.block import Block
from quant.layer.synapse import GridLayer
from quant.neuron.chip_neuron import ChipNeuron


def largest_sums(network: nn.Module) -> dict[str, int]:
    """Return, by layer of weights, the largest sum of one neuron's weights for any spikes.

    No partial sum is larger, whichever inputs spike and in whatever order they are added.
    """
    sums = {}
    for name, weight, unit, synapse in _weights(network, integers=True):
        largest = one_sided(weight.double() / unit).max() * synapse.largest_input
        sums[name] = int(largest)
    return sums


def fan_in_penalty(network: nn.Module, largest: int | None = None) -> Tensor:
    """Return the relative excess of sums over `largest` (by default, each format's limit).

    Zero proves that no accumulator of so many units overflows.
    """
    terms = []
    for _, weight, unit, synapse in _weights(network):
        form = synapse.format
        limit = (largest or form.fan_in or 1 << (form.dense_bits - 2)) / synapse.largest_input
        terms.append((one_sided(weight / unit) / limit - 1).clamp(min=0).mean())
    return _total(terms)


def weight_penalty(network: nn.Module) -> Tensor:
    """Return the mean size of weights, in units of the grid's end; it drives them to zero."""
    terms = [
        (weight / unit).abs().mean() / synapse.format.weights.maximum
        for _, weight, unit, synapse in _weights(network)
    ]
    return _total(terms)


def zeros(network: nn.Module) -> dict[str, float]:
    """Return, by layer of weights, the share that is zero on the grid."""
    return {
        name: float((weight == 0).double().mean())
        for name, weight, _, _ in _weights(network, integers=True)
    }


@dataclass
class Rates:
    """The spikes per neuron and step of every layer, with gradients."""

    layers: dict[str, Tensor] = field(default_factory=dict)

    def penalty(self, above: float = 1.0, below: float = 0.0) -> Tensor:
        """Return the sum over layers of how far rates lie above `above` or below `below`."""
        terms = [
            (rate - above).clamp(min=0) + (below - rate).clamp(min=0)
            for rate in self.layers.values()
        ]
        return _total(terms)


@contextmanager
def spike_rates(network: nn.Module) -> Iterator[Rates]:
    """Yield the rates that every forward within this block records, for a penalty on them."""
    rates, hooks = Rates(), []
    for name, module in network.named_modules():
        if isinstance(module, ChipNeuron):

            def keep(_: nn.Module, __: object, spikes: Tensor, layer: str = name) -> None:
                rates.layers[layer] = spikes.mean()

            hooks.append(module.register_forward_hook(keep))
    try:
        yield rates
    finally:
        for hook in hooks:
            hook.remove()


def _weights(
    network: nn.Module, *, integers: bool = False
) -> Iterator[tuple[str, Tensor, Unit, GridLayer]]:
    """Yield name, weights with folded batch norms, and unit of every layer of weights."""
    inside: set[nn.Module] = set()
    for name, module in network.named_modules():
        if isinstance(module, Block) and isinstance(module.synapse, GridLayer):
            inside.add(module.synapse)
            synapse, (weight, _) = module.synapse, module.folded()
            assert weight is not None
        elif isinstance(module, GridLayer) and module not in inside:
            synapse, weight = module, module.weight
        else:
            continue
        if integers:
            yield name, synapse.integer_weight(weight), 1.0, synapse
        else:
            unit = synapse.unit
            if isinstance(unit, Tensor) and unit.ndim:
                unit = unit.reshape(-1, *[1] * (weight.ndim - 1))
            yield name, weight, unit, synapse


def _total(terms: list[Tensor]) -> Tensor:
    return torch.stack(terms).sum().float() if terms else torch.zeros(())
