"""Penalties on the activity of neurons, to be added to a loss."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def firing_rate(layers: Iterable[Tensor], *, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Return the squared distance of each neuron's rate, over time and batch, from low..high.

    Layers are spikes (T, N, ...), as `monitor.outputs(network, detach=False)` sees them.

    Raises:
        ValueError: if there are no layers.
    """
    penalties = []
    for spikes in layers:
        rates = spikes.mean((0, 1))
        outside = (rates - high).clamp(min=0) + (low - rates).clamp(min=0)
        penalties.append(outside.square().mean())
    return _mean(penalties, "firing_rate")


def spike_count(layers: Iterable[Tensor]) -> Tensor:
    """Return the mean rate of all layers, with which a chip's energy grows.

    Raises:
        ValueError: if there are no layers.
    """
    return _mean([spikes.mean() for spikes in layers], "spike_count")


def _mean(values: list[Tensor], name: str) -> Tensor:
    if not values:
        raise ValueError(f"loss.{name}: there are no layers")
    return torch.stack(values).mean()
