"""Seeded networks of the zoo's neurons, in floats and prepared for a format, that fire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import functional, layer, neuron
from tests.conformance.networks import Case

Random = np.random.Generator
FORMATS = ("int8", "lynxi", "int4", "lynxi", "int6", "int12")
_RATE = 0.02


def _resetting(rng: Random) -> dict[str, Any]:
    """A reset, firing at or above the threshold, and a leak."""
    reset = str(rng.choice(["hard", "soft"]))
    return {"reset": reset, "strict": bool(rng.random() < 0.3), "tau": float(rng.choice([2, 3, 5]))}


def _adaptive(rng: Random) -> nn.Module:
    values = {"adaptation": rng.uniform(0.05, 0.4), "decay": rng.uniform(0.5, 0.95)}
    return neuron.AdaptiveLIF(**_resetting(rng), **values)


def _integer(rng: Random) -> nn.Module:
    tau = float(rng.choice([1, 2, 3]))
    beside = bool(rng.random() < 0.5)
    return neuron.IntegerLIF(tau=tau, most=int(rng.integers(2, 6)), decay_input=beside)


def _quadratic(rng: Random) -> nn.Module:
    return neuron.QIF(gain=rng.uniform(0.5, 1.0), critical=rng.uniform(0.4, 0.9))


def _exponential(rng: Random) -> nn.Module:
    return neuron.EIF(onset=rng.uniform(0.5, 0.9), sharpness=rng.uniform(0.3, 1.0))


def _izhikevich(rng: Random) -> nn.Module:
    kinds = ((0.02, 0.2, -65.0, 8.0), (0.1, 0.2, -65.0, 2.0), (0.02, 0.2, -55.0, 4.0))
    a, b, c, d = kinds[int(rng.integers(3))]
    return neuron.Izhikevich(a=a, b=b, c=c, d=d)


def _ternary(rng: Random) -> nn.Module:
    return neuron.TernaryLIF(**_resetting(rng), detach_reset=bool(rng.random() < 0.3))


def _complementary(rng: Random) -> nn.Module:
    return neuron.ComplementaryLIF(tau=float(rng.choice([2, 3, 4])), spread=rng.uniform(0.5, 1.5))


def _gated(rng: Random) -> nn.Module:
    gates = ("alpha", "beta", "gamma", "keep", "conduct", "drop")
    return neuron.GatedLIF(**{name: float(rng.normal()) for name in gates})


def _sliding(rng: Random) -> nn.Module:
    order = int(rng.integers(2, 6))
    weights = {f"w{late}": float(rng.normal(0.3, 0.5)) for late in range(1, order)}
    return neuron.SlidingPSN(order, **weights)


NEURONS: dict[str, Callable[[Random], nn.Module]] = {
    "AdaptiveLIF": _adaptive,
    "IntegerLIF": _integer,
    "QIF": _quadratic,
    "EIF": _exponential,
    "Izhikevich": _izhikevich,
    "TernaryLIF": _ternary,
    "ComplementaryLIF": _complementary,
    "GatedLIF": _gated,
    "SlidingPSN": _sliding,
}


def zoo_case(seed: int, form: str | None = None) -> Case:
    """The network of this seed, in the format that is given or comes next."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    kinds = list(NEURONS)
    form = form or FORMATS[seed // len(kinds) % len(FORMATS)]
    spikes = _samples(rng)
    network = _Floats(rng, spikes, NEURONS[kinds[seed % len(kinds)]]).network()
    prepared = quant.prepare(
        network,
        target=quant.chip_format(form),
        example=spikes,
        per_channel=bool(rng.random() < 0.3),
    ).eval()
    program = nd.lower(prepared, example=spikes)
    samples = spikes.numpy().astype(np.int64)
    return Case(f"{kinds[seed % len(kinds)]} {form} {seed}", program, samples, prepared)


def _samples(rng: Random) -> Tensor:
    shape = (2, 6, 5) if rng.random() < 0.4 else (int(rng.integers(4, 14)),)
    size = (int(rng.choice([4, 9, 17])), int(rng.integers(1, 4)), *shape)
    return torch.from_numpy(rng.random(size) < float(rng.choice([0.2, 0.5, 0.8]))).float()


class _Floats:
    """Layers whose weights grow until their neurons fire."""

    def __init__(self, rng: Random, spikes: Tensor, make: Callable[[Random], nn.Module]) -> None:
        self.rng, self.values, self.make = rng, spikes, make
        self.layers: list[nn.Module] = []

    def network(self) -> nn.Sequential:
        """Two or three layers of neurons, perhaps convolutional, with a pool of each sort."""
        if self.values.ndim == 5:
            self._fire(layer.Conv2d(2, int(self.rng.integers(2, 5)), 3, padding=1))
            self._add(layer.MaxPool2d(2) if self.rng.random() < 0.4 else layer.AvgPool2d(2))
            self._add(layer.Flatten())
        for _ in range(int(self.rng.integers(1, 3))):
            width = int(self.rng.integers(2, 12))
            self._fire(
                layer.Linear(self.values.shape[2], width, bias=bool(self.rng.random() < 0.6))
            )
        return nn.Sequential(*self.layers)

    def _add(self, module: nn.Module) -> None:
        self.layers.append(module)
        self.values = module(self.values)

    def _fire(self, weights: Any) -> None:
        neurons = self.make(self.rng)
        size = 20.0 if isinstance(neurons, neuron.Izhikevich) else 1.0
        with torch.no_grad():
            weights.weight.add_(weights.weight.abs().mean()).mul_(size)
            for _ in range(12):
                fired = neurons(weights(self.values))
                functional.reset(neurons)
                if float(fired.abs().mean()) > _RATE:
                    break
                weights.weight.mul_(1.6)
        self.layers += [weights, neurons]
        self.values = fired
