"""Encoders that draw spikes; the same seed draws the same ones."""

from __future__ import annotations

import torch
from torch import Tensor

from snncore.encoding.check import check_steps, check_unit


def rate(values: Tensor, steps: int, *, seed: int | None = None) -> Tensor:
    """Encode values in 0..1 as independent probabilities of a spike in every step.

    Raises:
        ValueError: if a value is outside 0..1, or there is no step.
    """
    check_steps("rate", steps)
    check_unit("rate", values)
    drawn = torch.rand(
        (steps, *values.shape), generator=_generator(seed, values), device=values.device
    )
    return (drawn < values).to(values.dtype)


def poisson(values: Tensor, steps: int, *, seed: int | None = None) -> Tensor:
    """Encode values as the mean of a Poisson count of spikes in every step.

    Raises:
        ValueError: if a value is negative or NaN, or there is no step.
    """
    check_steps("poisson", steps)
    if values.numel() and not bool((values >= 0).all()):
        raise ValueError("encoding.poisson: values must not be negative")
    repeated = values.expand(steps, *values.shape)
    return torch.poisson(repeated, generator=_generator(seed, values))


def _generator(seed: int | None, values: Tensor) -> torch.Generator | None:
    return None if seed is None else torch.Generator(values.device).manual_seed(seed)
