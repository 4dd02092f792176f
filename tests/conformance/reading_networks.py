"""Seeded networks that end without neurons that fire: readouts, decoders over time, or both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import decoding, functional, layer
from tests.conformance.networks import Case

Random = np.random.Generator
DECODERS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda y: y,
    "rate": decoding.rate,
    "late rate": lambda y: decoding.rate(y, skip=2),
    "count": decoding.count,
    "last": decoding.last_value,
    "largest": decoding.largest_value,
    "first spike": decoding.first_spike,
}


class _Decoded(nn.Module):
    def __init__(self, body: nn.Module, decoder: str) -> None:
        super().__init__()
        self.body, self.decoder = body, DECODERS[decoder]

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.body(x))


def reading_case(seed: int, form: str) -> Case:
    """The network of this seed on a format's grid; its end differs by the seed."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    decoder = list(DECODERS)[seed % len(DECODERS)]
    steps, count = int(rng.choice([3, 5, 9, 16])), int(rng.integers(1, 4))
    image = rng.random() < 0.4
    shape = (2, 6, 5) if image else (int(rng.integers(3, 12)),)
    samples = torch.from_numpy(rng.random((steps, count, *shape)) < 0.5).float()
    layers = [_hidden(rng, form, shape), layer.Flatten()] if image else [_hidden(rng, form, shape)]
    width = layers[0](samples).flatten(2).shape[2]
    fires = decoder == "first spike"
    layers.append(_head(rng, form, width, fires=fires))
    network = _Decoded(nn.Sequential(*layers), decoder).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.randn(weight.shape) * (0.5 if weight.ndim > 1 else 0.1))
    functional.reset(network)
    program = nd.lower(network, example=samples)
    return Case(f"{decoder} {form} {seed}", program, samples.numpy().astype(np.int64), network)


def _firing(form: str, threshold: float) -> nn.Module:
    if form == "loihi":
        return quant.CubaLIF(threshold, voltage_decay=0.25)
    return quant.LIF(0.25, threshold, format=form)


def _hidden(rng: Random, form: str, shape: tuple[int, ...]) -> nn.Module:
    threshold = float(rng.choice([0.25, 0.5]))
    if len(shape) == 1:
        weights: Any = quant.Linear(shape[0], int(rng.integers(4, 12)), format=form)
    else:
        weights = quant.Conv2d(shape[0], 3, 3, stride=int(rng.integers(1, 3)), format=form)
    return quant.Block(weights, _firing(form, threshold))


def _head(rng: Random, form: str, width: int, *, fires: bool) -> nn.Module:
    outputs, biased = int(rng.integers(2, 6)), bool(rng.random() < 0.5)
    if fires:
        return quant.Block(quant.Linear(width, outputs, format=form), _firing(form, 0.5))
    if rng.random() < 0.3:
        return quant.Linear(width, outputs, format=form)
    leaks: dict[str, Any] = {"decay": float(rng.choice([1.0, 0.5, 0.125]))}
    if form == "loihi":
        leaks["current_decay"] = float(rng.choice([1.0, 0.5]))
    weights = quant.Linear(width, outputs, bias=biased, format=form)
    return quant.Block(weights, quant.LeakyIntegrator(format=form, **leaks))
