"""The exponential in exact steps, so that torch and C++ compute the same bits of it on a CPU.

Every language spells these lines with these numbers: two correctly rounded parts of log 2, a
polynomial in Horner's form, and a power of two made of its bits.
"""

from __future__ import annotations

import sys
from typing import Any

LOWEST, HIGHEST = -87.0, 88.0
LOG2_E = 1.44269504088896341
LOG_2_HIGH, LOG_2_LOW = 0.693359375, -2.12194440e-4
POLYNOMIAL = (
    1.9875691500e-4,
    1.3981999507e-3,
    8.3334519073e-3,
    4.1665795894e-2,
    1.6666665459e-1,
    5.0000001201e-1,
)


def exponential(value: Any) -> Any:
    """Compute the exponential of a float32 tensor, clipped to -87..88."""
    torch = sys.modules["torch"]
    x = value.detach().clamp(LOWEST, HIGHEST)
    whole = torch.floor(x * LOG2_E + 0.5)
    rest = (x - whole * LOG_2_HIGH) - whole * LOG_2_LOW
    sum_ = torch.full_like(rest, POLYNOMIAL[0])
    for coefficient in POLYNOMIAL[1:]:
        sum_ = sum_ * rest + coefficient
    power = ((whole.nan_to_num().to(torch.int32) + 127) << 23).view(torch.float32)
    result = ((sum_ * (rest * rest) + rest) + 1.0) * power
    if value.requires_grad:
        limited = value.clamp(LOWEST, HIGHEST)
        return result * (1.0 + (limited - limited.detach()))
    return result
