"""Random float networks with loops, delays and branches, whose sums round nothing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from snncore import layer, neuron


@dataclass(frozen=True)
class Style:
    """The neurons of a network: those that a framework computes as the specification does."""

    kinds: tuple[str, ...]
    strict: tuple[bool, ...] = (False, True)
    inside: tuple[bool, ...] = (False, True)


STYLES = {
    "any": Style(("IF", "LIF", "LIF", "CubaLIF")),
    "snntorch": Style(("LIF", "CubaLIF"), strict=(True,)),
    "spikingjelly": Style(("IF", "LIF"), strict=(False,)),
    "norse": Style(("IF", "LIF", "CubaLIF"), strict=(True,), inside=(True,)),
}


def neurons_of(rng: np.random.Generator, style: Style) -> nn.Module:
    strict, threshold = bool(rng.choice(style.strict)), float(rng.choice([0.5, 0.625, 1.0]))
    kind = rng.choice(style.kinds)
    if kind == "IF":
        return neuron.IF(threshold, strict=strict)
    if kind == "LIF":
        tau, inside = float(rng.choice([2.0, 4.0, 10 / 3])), bool(rng.choice(style.inside))
        return neuron.LIF(tau, threshold, decay_input=inside, strict=strict)
    decays = {name: float(rng.choice([0.5, 0.25, 0.4])) for name in ("current", "voltage")}
    numbers = {f"{name}_decay": decay for name, decay in decays.items()}
    return neuron.CubaLIF(threshold=threshold, **numbers)


class Branched(nn.Module):
    """Two ways that meet in one sum, of which one may wait, or in a concatenation."""

    def __init__(self, rng: np.random.Generator, style: Style, before: int, size: int) -> None:
        super().__init__()
        self.joins = bool(rng.random() < 0.2)
        self.left, self.left_neurons = layer.Linear(before, size), neurons_of(rng, style)
        wide = 2 * size if self.joins else size
        self.right = layer.Linear(before, size, bias=False)
        self.late = layer.Delay(int(rng.integers(1, 4))) if rng.random() < 0.3 else nn.Identity()
        self.right_neurons = (
            neurons_of(rng, style) if rng.random() < 0.5 or self.joins else nn.Identity()
        )
        self.behind, self.neurons = layer.Linear(wide, size), neurons_of(rng, style)
        # A sum of spikes and weighted sums meets in neurons; one of spikes in weights.
        self.meets_in_weights = isinstance(self.right_neurons, neuron.EquationNeuron)

    def forward(self, x: Tensor) -> Tensor:
        left = self.left_neurons(self.left(x))
        right = self.late(self.right_neurons(self.right(x)))
        if self.joins:
            sent: Tensor = self.neurons(self.behind(torch.cat([left, right], 2)))
        elif self.meets_in_weights:
            sent = self.neurons(self.behind(left + right))
        else:
            sent = self.neurons(self.behind(left) + right)
        return sent


def looped(rng: np.random.Generator, style: Style, size: int) -> nn.Module:
    """Return neurons that read themselves, or weights and neurons in a loop."""
    bias, early = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    return layer.Recurrent(
        neurons_of(rng, style), layer.Linear(size, size, bias=bias), from_start=early
    )


def late(rng: np.random.Generator, size: int) -> nn.Module:
    if rng.random() < 0.3:
        return layer.Delay([int(steps) for steps in rng.integers(0, 4, size)])
    return layer.Delay(int(rng.integers(1, 5)))


def graph_network(seed: int) -> tuple[nn.Module, tuple[int, ...]]:
    """Return a random network that is not a chain, and the shape of its input."""
    rng = np.random.default_rng(10_000 + seed)
    style = [*STYLES.values()][seed % len(STYLES)]
    sizes = [int(size) for size in rng.integers(3, 9, rng.integers(2, 4))]
    parts: list[nn.Module] = []
    for number, (before, size) in enumerate(pairwise(sizes)):
        # Every third has loops, every third delays, every third branches; some have more.
        kind = (seed // len(STYLES) + number) % 3 if number == 0 or rng.random() < 0.4 else 3
        if kind == 2:
            parts += [Branched(rng, style, before, size)]
            continue
        if kind == 1:
            parts += [late(rng, before)]
        parts += [layer.Linear(before, size, bias=bool(rng.random() < 0.5))]
        parts += [looped(rng, style, size) if kind == 0 else neurons_of(rng, style)]
    return in_eighths(parts, rng), (sizes[0],)


def in_eighths(parts: list[nn.Module], rng: np.random.Generator) -> nn.Sequential:
    """Return a network of numbers whose sums round nothing, so that thresholds are met exactly."""
    network = nn.Sequential(*parts).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            drawn = rng.integers(-6, 9, tuple(parameter.shape)) / 8
            parameter.copy_(torch.from_numpy(drawn))
    for module in network.modules():
        if isinstance(module, neuron.EquationNeuron):
            module.backend = "torch"
    return network
