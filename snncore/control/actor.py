"""The population-coded spiking actor: fields, spiking layers, and an integrator an action."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from snncore import decoding, encoding, functional, layer, neuron
from snncore.control.fields import ReceptiveField, receptive_fields, responses


def _neurons() -> neuron.Neuron:
    lif: neuron.Neuron = neuron.LIF(2.0, 0.5, decay_input=False, detach_reset=True)
    return lif


class _Read(nn.Module):
    """A network whose answer is the voltage of its last layer after the last step."""

    def __init__(self, layers: OrderedDict[str, nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return the voltages (N, actions) of a sequence (T, N, ...)."""
        return decoding.last_value(self.layers(x))


class SpikingActor(nn.Module):
    """Actions (N, actions) of observations (N, values), each within its limit.

    Every value excites `population` learned Gaussian fields; behind them stand layers of LIF
    neurons, of which the last has `population` neurons an action; a layer of weights for each
    action reads its own, into an integrator that never fires. The voltages after `steps` steps
    give the actions, limit * tanh(voltage). Nothing is remembered from call to call.
    """

    limit: Tensor

    def __init__(
        self,
        low: Sequence[float],
        high: Sequence[float],
        limit: Sequence[float],
        *,
        population: int = 10,
        hidden: Sequence[int] = (256, 256),
        steps: int = 5,
    ) -> None:
        super().__init__()
        if steps < 1 or not limit or len(low) != len(high):
            raise ValueError(
                f"SpikingActor: {steps} steps, {len(limit)} actions, ranges of {len(low)} and "
                f"{len(high)} values (take a step and an action or more, and alike ranges)"
            )
        self.steps, self.population = steps, population
        self.register_buffer("limit", torch.tensor(list(limit), dtype=torch.float32))
        self.fields = receptive_fields(low, high, population)
        self.rate = encoding.Rate(0.999, detach_reset=True, surrogate=self.fields.surrogate)
        self.body = nn.Sequential()
        sizes = [len(low) * population, *hidden, len(limit) * population]
        for size, following in pairwise(sizes):
            dense = layer.Linear(size, following)
            # With torch's own weights the last neurons are silent at first.
            nn.init.kaiming_normal_(dense.weight)
            self.body.extend([dense, _neurons()])
        actions = len(limit)
        self.readout = layer.Conv1d(actions, actions, population, groups=actions)
        self.integrator = neuron.LeakyIntegrator(2.0, decay_input=False)

    def forward(self, observations: Tensor) -> Tensor:
        """Return the actions."""
        functional.reset(self)
        spikes = self.body(self._population(observations))
        grouped = spikes.reshape(*spikes.shape[:2], len(self.limit), self.population)
        # As the grouped convolution of one position, which is slow on a CPU.
        currents = (grouped * self.readout.weight.squeeze(1)).sum(-1) + self.readout.bias
        voltages = decoding.last_value(self.integrator(currents))
        functional.reset(self)
        return self.actions(voltages)

    def actions(self, voltages: Tensor) -> Tensor:
        """Return the actions that the integrators' voltages (N, actions) mean."""
        return self.limit.to(voltages) * torch.tanh(voltages)

    @torch.no_grad()
    def responses(self, observations: Tensor) -> Tensor:
        """Return the fields' responses over time (T, N, values * population).

        A host computes them for `chip_network`, which starts with them.
        """
        return encoding.direct(responses(self.fields, observations), self.steps)

    @torch.no_grad()
    def spikes(self, observations: Tensor) -> Tensor:
        """Return the population's spikes (T, N, values * population), for a chip without fields."""
        functional.reset(self.rate)
        spikes = self._population(observations)
        functional.reset(self.rate)
        return spikes

    def _population(self, observations: Tensor) -> Tensor:
        # The responses are the same in every step, so they are computed once.
        excited = encoding.direct(responses(self.fields, observations), self.steps)
        spikes: Tensor = self.rate(excited)
        return spikes

    def network(self) -> nn.Module:
        """Return the layers from observations (T, N, values) to voltages (N, actions), copied."""
        fields = ReceptiveField(
            centre=self.fields.get_parameter("centre").detach().clone(),
            width=self.fields.get_parameter("width").detach().clone(),
            surrogate=self.fields.surrogate,
        )
        return self._copied(OrderedDict(spread=layer.Upsample((self.population,)), fields=fields))

    def chip_network(self, bits: int | None = 8) -> nn.Module:
        """Return the layers behind the fields' responses (T, N, values * population), copied.

        Chips take the responses as integers of so many bits; neurons that integrate them send the
        same spikes. With None, the network begins with those spikes, which a host computes.
        """
        if bits is None:
            return self._copied(OrderedDict())
        rate = encoding.Rate(0.999)
        return self._copied(OrderedDict(responses=encoding.Direct(bits), rate=rate))

    def _copied(self, layers: OrderedDict[str, nn.Module]) -> nn.Module:
        linear = [each for each in self.body if isinstance(each, layer.Linear)]
        for index, source in enumerate(linear, 1):
            layers[f"dense{index}"] = _linear(source.weight, source.bias)
            layers[f"lif{index}"] = _neurons()
        # Zeros between the actions: chips know layers of weights, not groups of them.
        weight = torch.block_diag(*self.readout.weight.flatten(1).detach())
        layers["readout"] = _linear(weight, self.readout.bias)
        layers["integrator"] = neuron.LeakyIntegrator(2.0, decay_input=False)
        return _Read(layers).eval()


def _linear(weight: Tensor, bias: Tensor | None) -> layer.Linear:
    copied = layer.Linear(weight.shape[1], weight.shape[0]).to(weight)
    with torch.no_grad():
        copied.weight.copy_(weight)
        if bias is not None and copied.bias is not None:
            copied.bias.copy_(bias)
    return copied
