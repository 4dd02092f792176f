"""Codes of values and of spike trains by times; inf is the time of a spike that never comes."""

from __future__ import annotations

import torch
from torch import Tensor


def latency(values: Tensor, longest: float = 1.0, *, silent: float | None = 0.0) -> Tensor:
    """Return the times (1 - value) * longest of values in 0..1: the larger, the earlier.

    Values of `silent` and below send no spike; with None all do.

    Raises:
        ValueError: if a value is outside 0..1, or longest is not positive.
    """
    _require_positive("latency", "longest", longest)
    if bool(((values < 0) | (values > 1) | values.isnan()).any()):
        raise ValueError("timing.latency: a value is outside 0..1 (scale the values)")
    times = (1 - values) * longest
    return times if silent is None else torch.where(values > silent, times, torch.inf)


def from_latency(times: Tensor, longest: float = 1.0) -> Tensor:
    """Return the values 1 - time / longest, and 0 for spikes that never come or come later."""
    _require_positive("from_latency", "longest", longest)
    return (1 - times / longest).clamp(min=0)


def population(
    values: Tensor, low: float | Tensor, high: float | Tensor, fields: int, longest: float = 1.0
) -> Tensor:
    """Return times (..., fields) of Gaussian fields: longest * (1 - response), inf for none.

    Field i of 1..m stands at low + (2 i - 3) / 2 * (high - low) / (m - 2) and has the deviation
    (high - low) / (1.5 (m - 2)), for values from low to high (Bohte, Kok and La Poutre 2002).

    Raises:
        ValueError: if there are fewer than three fields, or low is not below high.
    """
    _require_positive("population", "longest", longest)
    low, high = (
        torch.as_tensor(end, dtype=values.dtype, device=values.device) for end in (low, high)
    )
    if fields < 3 or not bool((low < high).all()):
        raise ValueError("timing.population: takes 3 fields or more, and low below high")
    unit = ((high - low) / (fields - 2))[..., None]
    index = torch.arange(1, fields + 1, dtype=values.dtype, device=values.device)
    centre = low[..., None] + (2 * index - 3) / 2 * unit
    distance = (values[..., None] - centre) / (unit / 1.5)
    times = longest * (1 - torch.exp(-0.5 * distance.square()))
    return torch.where(times < longest, times, torch.inf)


def to_train(times: Tensor, steps: int, dt: float = 1.0) -> Tensor:
    """Return the train (T, ...) of spikes at times, each in its nearest step; later ones are lost.

    Raises:
        ValueError: if there is no step, dt is not positive, or a time is nan or below zero.
    """
    _require_positive("to_train", "dt", dt)
    if steps < 1 or bool((times.isnan() | (times < 0)).any()):
        raise ValueError(
            f"timing.to_train: {steps} steps (take one or more, and times of zero or above)"
        )
    step = torch.round(times / dt)
    clock = torch.arange(steps, dtype=times.dtype, device=times.device)
    return (clock.reshape(-1, *[1] * times.ndim) == step).to(times.dtype)


def from_train(train: Tensor, dt: float = 1.0) -> Tensor:
    """Return the times of the first spikes of a train (T, ...), inf where there is none.

    Raises:
        ValueError: if there is no step, or dt is not positive.
    """
    _require_positive("from_train", "dt", dt)
    if train.ndim < 1 or not len(train):
        raise ValueError("timing.from_train: there is no step (take a train (T, ...))")
    fired = train > 0
    first = fired.to(torch.uint8).argmax(0)
    kind = train.dtype if train.is_floating_point() else torch.float32
    return torch.where(fired.any(0), first.to(kind) * dt, torch.inf)


def _require_positive(name: str, what: str, value: float) -> None:
    if not 0 < value < torch.inf:
        raise ValueError(f"timing.{name}: {what} is {value} (take a positive time)")
