"""Losses for classes: output (T, N, classes), labels (N,)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from snncore import decoding


def rate_cross_entropy(spikes: Tensor, labels: Tensor, *, gain: float = 1.0) -> Tensor:
    """Return the cross entropy of the spike counts times `gain`."""
    return F.cross_entropy(gain * decoding.count(spikes), labels)


def rate_mse(spikes: Tensor, labels: Tensor, *, correct: float = 1.0, wrong: float = 0.0) -> Tensor:
    """Return the squared distance of firing rates from one for the label and one for the others."""
    target = torch.full_like(spikes[0], wrong)
    target.scatter_(1, labels.unsqueeze(1), correct)
    return F.mse_loss(decoding.rate(spikes), target)


def first_spike_cross_entropy(spikes: Tensor, labels: Tensor) -> Tensor:
    """Return the cross entropy of how early each class fires first."""
    return F.cross_entropy(-decoding.first_spike(spikes), labels)


def membrane_cross_entropy(values: Tensor, labels: Tensor, *, largest: bool = True) -> Tensor:
    """Return the cross entropy of the largest membrane, or of the last."""
    read = decoding.largest_value if largest else decoding.last_value
    return F.cross_entropy(read(values), labels)


def temporal_cross_entropy(
    values: Tensor, labels: Tensor, *, weight: float = 0.0, level: float = 1.0
) -> Tensor:
    """Return the mean of every step's cross entropy, plus `weight` times the distance from `level`.

    With a weight it is that of temporal efficient training.
    """
    steps = len(values)
    entropy = F.cross_entropy(values.flatten(0, 1), labels.repeat(steps))
    if weight == 0:
        return entropy
    return (1 - weight) * entropy + weight * (values - level).square().mean()
