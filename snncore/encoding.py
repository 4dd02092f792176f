"""Encoders: from values to spikes."""

import torch
from torch import Tensor


def level(values: Tensor, steps: int) -> Tensor:
    """Values in 0..1 (N, ...) as spikes (T, N, ...): the brighter, the more of the steps fire.

    Step t of T fires where the value exceeds (t + 1/2) / T, so the count of spikes is the value
    rounded to T levels.

    Raises:
        ValueError: if a value is outside 0..1, or there is no step.
    """
    if steps < 1:
        raise ValueError(f"encoding.level: {steps} steps")
    if values.numel() and not bool(((values >= 0) & (values <= 1)).all()):
        raise ValueError("encoding.level: values must lie in 0..1")
    limits = (torch.arange(steps, device=values.device, dtype=values.dtype) + 0.5) / steps
    shaped = limits.reshape(steps, *[1] * values.ndim)
    return (values.unsqueeze(0) > shaped).to(values.dtype)
