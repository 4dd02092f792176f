"""Weighted phases: a value in binary, its highest bit first."""

import torch
from torch import Tensor

from snncore.encoding.check import check_steps, check_unit


def phase_weights(steps: int) -> Tensor:
    """Return the value of a spike in each step: 1/2, 1/4, ..."""
    return 0.5 ** torch.arange(1, steps + 1)


def phase(values: Tensor, steps: int) -> Tensor:
    """Encode values in 0..1 as binary digits, one per step; their weighted sum rounds them down.

    A value of 1 fires in every step, which is the largest there is.

    Raises:
        ValueError: if a value is outside 0..1, or there is no step.
    """
    check_steps("phase", steps)
    check_unit("phase", values)
    levels = 2**steps
    whole = (values.double() * levels).floor().clamp(max=levels - 1).long()
    digits = torch.arange(steps - 1, -1, -1, device=values.device)
    bits: Tensor = ((whole >> digits.reshape(-1, *[1] * values.ndim)) & 1).to(values.dtype)
    return bits
