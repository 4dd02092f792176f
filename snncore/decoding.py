"""Decoders: from sequences (T, N, ...) to values (N, ...)."""

from __future__ import annotations

import torch
from torch import Tensor

from snncore.encoding import phase_weights

__all__ = ["count", "first_spike", "largest_value", "last_value", "phase", "rate"]


def rate(spikes: Tensor, skip: int = 0) -> Tensor:
    """The share of steps that fired, without the first ones, until which deep layers settle.

    Raises:
        ValueError: if no step is left.
    """
    if not 0 <= skip < len(spikes):
        raise ValueError(f"decoding.rate: skips {skip} of {len(spikes)} steps")
    return spikes[skip:].mean(0)


def count(spikes: Tensor) -> Tensor:
    """How often they fired."""
    return spikes.sum(0)


def first_spike(spikes: Tensor) -> Tensor:
    """The step of the first spike, T where there is none; differentiable."""
    return torch.cumprod(1 - spikes, 0).sum(0)


def phase(spikes: Tensor) -> Tensor:
    """The value whose binary digits the spikes are."""
    weights = phase_weights(len(spikes)).to(spikes)
    decoded: Tensor = torch.tensordot(weights, spikes, dims=1)
    return decoded


def last_value(values: Tensor) -> Tensor:
    """What is there in the last step: of a leaky integrator, its membrane."""
    return values[-1]


def largest_value(values: Tensor) -> Tensor:
    """The largest of all steps."""
    return values.amax(0)
