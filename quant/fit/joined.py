"""The units and biases of neurons that several layers of weights drive together."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from quant.grid.straight_through import Unit
from quant.layer.synapse import GridLayer
from quant.neuron.chip_neuron import ChipNeuron


class JoinedFitting:
    """Fits one layer of neurons and everything that drives it; `distance` compares spike rates."""

    def __init__(
        self, network: nn.Module, neurons: ChipNeuron, distance: Callable[[], float]
    ) -> None:
        self.neurons, self.distance = neurons, distance
        drivers = [network.get_submodule(name) for name in neurons.driven_by]
        self.synapses = [module for module in drivers if isinstance(module, GridLayer)]

    def search(self) -> None:
        """Set the unit around the present one whose rates are nearest, the same for all layers."""
        if self.neurons.adds_spikes:
            # A plain spike must remain a weight on the grid.
            return
        best, least = self.neurons.exponent, self.distance()
        for exponent in [best + step for step in (-2, -1, 1)]:
            if self._allowed(exponent):
                self._set(exponent)
                distance = self.distance()
                if distance < least:
                    best, least = exponent, distance
        self._set(best)

    def correct(self, run: Callable[[], object]) -> None:
        """Set a bias that restores what rounding took from the mean sums."""
        before, lost, bias = self.distance(), self._lost(run), self.neurons.bias
        original = None if bias is None else bias.detach().clone()
        with torch.no_grad():
            if bias is None:
                self.neurons.bias = nn.Parameter(-lost)
            else:
                bias.sub_(lost)
            if self.distance() < before:
                return
            if bias is None or original is None:
                self.neurons.bias = None
            else:
                bias.copy_(original)

    def _lost(self, run: Callable[[], object]) -> Tensor:
        """Return what rounding adds to the mean sums of every channel."""
        seen: dict[GridLayer, list[Tensor]] = {synapse: [] for synapse in self.synapses}

        def keep(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            if isinstance(module, GridLayer):
                seen[module].append(inputs[0])

        hooks = [synapse.register_forward_pre_hook(keep) for synapse in self.synapses]
        try:
            run()
        finally:
            for hook in hooks:
                hook.remove()
        total = torch.zeros(())
        for synapse, inputs in seen.items():
            weight = synapse.weight.detach()
            change = synapse.quantized(weight).to(weight.dtype) - weight
            # A layer within a loop over time sees one step at a time, and none in the first step.
            each = [mean_sums(synapse, x, change) for x in inputs]
            if each:
                total = total.to(weight.device) + torch.stack(each).mean(0)
        return total.detach()

    def _allowed(self, exponent: int) -> bool:
        ends = self.neurons.format.exponents
        return ends.minimum <= exponent <= ends.maximum and fits(self.neurons, 2.0**exponent)

    def _set(self, exponent: int) -> None:
        self.neurons.exponent = exponent
        for synapse in self.synapses:
            synapse.set_exponents(torch.tensor(float(exponent)))


def mean_sums(synapse: GridLayer, x: Tensor, weight: Tensor) -> Tensor:
    """Return the mean weighted input over everything but channels."""
    sums = synapse.sums(x, weight, None)
    channel = sums.ndim - (weight.ndim - 1)
    return sums.mean([axis for axis in range(sums.ndim) if axis != channel])


def fits(neurons: ChipNeuron, unit: Unit) -> bool:
    """Return whether the threshold is within the unit's range, up to half of the largest."""
    grid = neurons.format.thresholds
    units = torch.as_tensor(unit, dtype=torch.float64)
    threshold = torch.as_tensor(neurons.reach).detach().double()
    counted = threshold / units.to(threshold.device)
    return bool((counted.round() >= max(grid.minimum, 1)).all()) and bool(
        (counted <= grid.maximum // 2).all()
    )
