"""The deterministic encoder of rates."""

import torch
from torch import Tensor

from snncore.encoding.check import check_steps, check_unit


def level(values: Tensor, steps: int) -> Tensor:
    """Encode values in 0..1 (N, ...) as spikes (T, N, ...): a larger value fires in more steps.

    Step t of T fires where the value exceeds (t + 1/2) / T, so the count of spikes is the value
    rounded to T levels.

    Raises:
        ValueError: if a value is outside 0..1, or there is no step.
    """
    check_steps("level", steps)
    check_unit("level", values)
    limits = (torch.arange(steps, device=values.device, dtype=values.dtype) + 0.5) / steps
    shaped = limits.reshape(steps, *[1] * values.ndim)
    return (values.unsqueeze(0) > shaped).to(values.dtype)
