"""Losses on times of spikes (N, classes); a neuron that never fires counts as one at `longest`."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def time_cross_entropy(
    times: Tensor, labels: Tensor, *, longest: float, scale: float = 0.2, early: float = 0.0
) -> Tensor:
    """Return the cross-entropy of softmax(-time / scale): the label's neuron shall fire first.

    With `early`, early * (exp(time of the label / scale) - 1) lets it fire soon as well
    (Goeltz et al. 2021).

    Raises:
        ValueError: if longest or scale is not positive.
    """
    if not (longest > 0 and scale > 0):
        raise ValueError(
            f"timing.time_cross_entropy: longest {longest}, scale {scale} (take positive times)"
        )
    limited = _limited(times, longest)
    value = F.cross_entropy(-limited / scale, labels)
    if early:
        own = limited.gather(-1, labels[..., None]).squeeze(-1)
        value = value + early * torch.expm1(own / scale).mean()
    return value


def time_mse(times: Tensor, target: Tensor, *, longest: float) -> Tensor:
    """Return half of the squared distance to the wanted times, summed over neurons (SpikeProp)."""
    distance = _limited(times, longest) - _limited(target, longest)
    return distance.square().sum(-1).mean() / 2


def silence_penalty(weight: Tensor, *, drive: float) -> Tensor:
    """Return how far the sums of each neuron's weights fall short of `drive` (Mostafa 2018).

    Neurons that never fire have no gradient of their time; this gives them one.
    """
    return (drive - weight.sum(-1)).clamp(min=0).sum()


def tempotron_loss(voltage: Tensor, target: Tensor, *, threshold: float = 1.0) -> Tensor:
    """Return the Tempotron's cost of peaks (N, out): the distance to the threshold of wrong ones.

    Wrong is a peak below the threshold where the target is 1, or at or above where it is 0. A step
    of gradient descent is the paper's rule: +rate K(t_max - t_i) for a missed spike, and minus for
    one too many.

    Raises:
        ValueError: if the shapes differ.
    """
    if voltage.shape != target.shape:
        raise ValueError(
            f"timing.tempotron_loss: peaks {tuple(voltage.shape)} and targets "
            f"{tuple(target.shape)} (take a target of 0 or 1 for each peak)"
        )
    wanted = target > 0
    missed, extra = wanted & (voltage < threshold), ~wanted & (voltage >= threshold)
    cost = torch.where(missed, threshold - voltage, torch.where(extra, voltage - threshold, 0))
    return cost.sum(-1).mean()


def _limited(times: Tensor, longest: float) -> Tensor:
    """Replace what comes later than `longest`, or never, by it."""
    return torch.where(times < longest, times, longest)
