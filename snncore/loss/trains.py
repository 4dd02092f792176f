"""Distances between spike trains (T, ...)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def count_mse(spikes: Tensor, target: Tensor) -> Tensor:
    """Return the squared distance of spike counts."""
    return F.mse_loss(spikes.sum(0), target.sum(0))


def van_rossum(spikes: Tensor, target: Tensor, *, tau: float = 10.0) -> Tensor:
    """Return van Rossum's distance, as a mean over trains, with dt = 1.

    Both are filtered with exp(-t / tau); it is the square of their difference summed over time,
    over tau.

    Raises:
        ValueError: if the shapes differ or tau is not positive.
    """
    if spikes.shape != target.shape or not tau > 0:
        shapes = f"{tuple(spikes.shape)} and {tuple(target.shape)}"
        raise ValueError(f"loss.van_rossum: takes two alike trains, and tau > 0; {shapes}, {tau}")
    decay = float(torch.exp(torch.tensor(-1.0 / tau, dtype=torch.float64)))
    trace, total = torch.zeros_like(spikes[0]), torch.zeros_like(spikes[0])
    for difference in spikes - target:
        trace = decay * trace + difference
        total = total + trace.square()
    return total.mean() / tau
