"""Encoders by the time of a spike, and the one that leaves values as they are."""

from __future__ import annotations

import torch
from torch import Tensor

from snncore.encoding.check import check_steps, check_unit


def direct(values: Tensor, steps: int) -> Tensor:
    """Repeat the values in every step; the first layer's neurons turn them into spikes.

    Raises:
        ValueError: if there is no step.
    """
    check_steps("direct", steps)
    return values.expand(steps, *values.shape)


def latency(values: Tensor, steps: int, *, logarithmic: bool = False) -> Tensor:
    """Encode values in 0..1 as one spike each: 1 in the first step, 0 in the last.

    The time is linear in the value, or with `logarithmic` (T - 1) - log(a * value + 1), where a
    makes the largest value fire in the first step.

    Raises:
        ValueError: if a value is outside 0..1, or there is no step.
    """
    check_steps("latency", steps)
    check_unit("latency", values)
    last = steps - 1
    wide = values.double()
    if logarithmic:
        # log(exp(last) x + 1 - x), written so that exp(last) need not be finite.
        tail = (1 - wide).clamp(min=torch.finfo(torch.float64).tiny).log()
        times = last - torch.logaddexp(wide.log() + last, tail)
    else:
        times = last * (1 - wide)
    return _at(times.round(), steps, values)


def population(
    values: Tensor,
    steps: int,
    neurons: int,
    *,
    low: float = 0.0,
    high: float = 1.0,
    sharpness: float = 1.5,
) -> Tensor:
    """Encode values as the times of `neurons` spikes each (T, N, ..., neurons), by Gaussian tuning.

    Neuron i is tuned to low + (2 i - 1) / 2 * (high - low) / (neurons - 2) with the deviation
    (high - low) / (sharpness * (neurons - 2)); the stronger it responds, the earlier it fires, and
    the weakest responses, those of the last step, do not fire at all.

    Raises:
        ValueError: if there is no step, or there are fewer than three neurons.
    """
    check_steps("population", steps)
    if neurons < 3 or not high > low:
        raise ValueError("encoding.population: takes 3 neurons or more, and low below high")
    unit = (high - low) / (neurons - 2)
    index = torch.arange(neurons, device=values.device, dtype=torch.float64)
    centres, deviation = low + (2 * index - 1) / 2 * unit, unit / sharpness
    distance = (values.double().unsqueeze(-1) - centres) / deviation
    times = ((steps - 1) * (1 - torch.exp(-distance.square() / 2))).round()
    if steps > 1:
        # Beyond the end there is no step.
        times = torch.where(times == steps - 1, float(steps), times)
    return _at(times, steps, values)


def _at(times: Tensor, steps: int, like: Tensor) -> Tensor:
    """Place one spike at each time."""
    clock = torch.arange(steps, device=times.device, dtype=times.dtype)
    return (clock.reshape(-1, *[1] * times.ndim) == times).to(like.dtype)
