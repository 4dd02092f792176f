"""Seeded networks that a user's floats enter through an encoder, prepared for a format."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.simulator.samples import checked_samples
from snncore import encoding, functional, layer, monitor, neuron
from tests.conformance.networks import Case

Random = np.random.Generator
# What reads the encoder's integers, by name; a chip that drives input neurons has the first three.
HEADS: dict[str, Callable[[Random], nn.Module]] = {
    "rate": lambda rng: encoding.Rate(rng.uniform(0.4, 1.0)),
    "leak": lambda rng: neuron.LIF(float(rng.choice([2, 4])), threshold=rng.uniform(0.1, 0.5)),
    "integrate": lambda rng: neuron.IF(rng.uniform(0.3, 1.2)),
    "weights": lambda rng: nn.Identity(),
    "pool": lambda rng: layer.AvgPool2d(2) if rng.random() < 0.5 else layer.MaxPool2d(2),
    "latency": lambda rng: encoding.Latency(rng.uniform(0.3, 1.2)),
    "delta": lambda rng: encoding.Delta(rng.uniform(0.05, 0.3)),
}
DRIVEN = 3
_RATE = 0.03


@dataclass(frozen=True)
class EncodedCase(Case):
    """A network whose `samples` are the encoder's integers of `values`."""

    values: NDArray[Any] | None = None


def encoded_case(seed: int, form: str, most_bits: int = 12) -> EncodedCase:
    """The network of this seed on a format's grid; what reads the encoder differs by the seed."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    names = list(HEADS)[: DRIVEN if form == "loihi" else None]
    head = names[seed % len(names)]
    values = _values(rng, image=head == "pool" or rng.random() < 0.4)
    network = _network(rng, values, HEADS[head](rng), _encoder(rng, most_bits))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", quant.EncoderWarning)
        warnings.simplefilter("ignore", monitor.SilenceWarning)
        prepared = quant.prepare(
            network,
            target=quant.chip_format(form),
            example=values,
            per_channel=form != "loihi" and bool(rng.random() < 0.3),
        ).eval()
    # Some samples go beyond what the encoder was calibrated on.
    users = (values * float(rng.choice([1.0, 1.0, 1.6]))).numpy()
    program = nd.lower(prepared, example=values)
    name = f"{head} {form} {seed}"
    return EncodedCase(name, program, checked_samples(program, users), prepared, values=users)


def _values(rng: Random, *, image: bool) -> Tensor:
    """Images, sounds and counts: constant or moving, of one sign or of both."""
    shape = (2, 6, 5) if image else (int(rng.integers(3, 14)),)
    steps, count = int(rng.choice([4, 9, 16])), int(rng.integers(1, 4))
    kind = int(rng.integers(4))
    if kind == 0:
        still = torch.from_numpy(rng.random((count, *shape))).float()
        return encoding.direct(still, steps)
    size = (steps, count, *shape)
    if kind == 1:
        return torch.from_numpy(rng.poisson(1.5, size)).float()
    drawn = rng.normal(0.3, 0.5, size) if kind == 2 else rng.random(size)
    return torch.from_numpy(drawn * 10.0 ** float(rng.integers(-1, 2))).float()


def _encoder(rng: Random, most_bits: int) -> list[nn.Module]:
    """An encoder of any bits, or none, so that preparing brings one."""
    if rng.random() < 0.3:
        return []
    bits = int(rng.integers(2, most_bits))
    if rng.random() < 0.2:
        return [encoding.Direct(bits, exponent=int(rng.integers(-8, 0)), learned=True)]
    return [encoding.Direct(bits, signed=None if rng.random() < 0.7 else True)]


def _network(
    rng: Random, values: Tensor, head: nn.Module, encoder: list[nn.Module]
) -> nn.Sequential:
    """The encoder and what reads it, then layers whose weights grow until their neurons fire."""
    if isinstance(head, neuron.Neuron):
        # Thresholds count in what the values are.
        with torch.no_grad():
            scaled = head.threshold * float(values.abs().quantile(0.9).clamp(min=1e-3))
            setattr(head, "threshold", float(scaled))  # noqa: B010
    layers = [*encoder, head]
    x = nn.Sequential(*layers)(values).detach()
    functional.reset(head)
    if x.ndim == 5:
        # A pool that adds up and padded weights do not become one layer.
        padding = int(rng.integers(0, 2)) if isinstance(head, neuron.Neuron) else 0
        kernel = layer.Conv2d(2, int(rng.integers(2, 5)), (min(3, x.shape[3]), 2), 1, padding)
        x = _fire(rng, layers, kernel, x)
        layers.append(layer.Flatten())
        x = x.flatten(2)
    for _ in range(int(rng.integers(1, 3))):
        biased = bool(rng.random() < 0.6)
        x = _fire(rng, layers, layer.Linear(x.shape[2], int(rng.integers(2, 10)), biased), x)
    if rng.random() < 0.3:
        layers.append(layer.Linear(x.shape[2], 3))
    return nn.Sequential(*layers).eval()


def _fire(rng: Random, layers: list[nn.Module], weights: Any, x: Tensor) -> Tensor:
    leak = {"tau": float(rng.choice([2, 3])), "decay_input": bool(rng.random() < 0.5)}
    neurons = neuron.LIF(**leak) if rng.random() < 0.6 else neuron.IF(1.0)
    with torch.no_grad():
        weights.weight.add_(weights.weight.abs().mean())
        if weights.bias is not None:
            weights.bias.mul_(0.2)
        for _ in range(24):
            fired: Tensor = neurons(weights(x))
            functional.reset(neurons)
            if float(fired.mean()) > _RATE:
                break
            weights.weight.mul_(1.5)
    layers += [weights, neurons]
    return fired
