"""Decoders: from sequences (T, N, ...) to values (N, ...)."""

from __future__ import annotations

import torch
from torch import Tensor

from snncore.encoding import phase_weights

__all__ = ["count", "first_spike", "largest_value", "last_value", "phase", "rate"]


def rate(spikes: Tensor, skip: int = 0) -> Tensor:
    """Return the firing rate without the first steps, which deep layers need to settle.

    Raises:
        ValueError: if no step is left.
    """
    if not 0 <= skip < len(spikes):
        raise ValueError(f"decoding.rate: skips {skip} of {len(spikes)} steps")
    return spikes[skip:].mean(0)


def count(spikes: Tensor) -> Tensor:
    """Count the spikes."""
    return spikes.sum(0)


def first_spike(spikes: Tensor) -> Tensor:
    """Return the step of the first spike, or T without one; differentiable."""
    return torch.cumprod(1 - spikes, 0).sum(0)


def phase(spikes: Tensor) -> Tensor:
    """Return the value whose binary digits are the spikes."""
    weights = phase_weights(len(spikes)).to(spikes)
    decoded: Tensor = torch.tensordot(weights, spikes, dims=1)
    return decoded


def last_value(values: Tensor) -> Tensor:
    """Return the last step, such as a leaky integrator's membrane."""
    return values[-1]


def largest_value(values: Tensor) -> Tensor:
    """Return the largest value of all steps."""
    return values.amax(0)
