"""The natural logarithm in exact steps, so that all backends compute the same bits of it.

Every language spells these lines with these numbers: a value is a power of two times a fraction
around one, whose logarithm is a polynomial in Horner's form; log 2 has two parts.
"""

from __future__ import annotations

import sys
from typing import Any

from snncore.dynamics.exponential import LOG_2_HIGH, LOG_2_LOW

# The smallest float of 32 bits with all of its digits, and what gives the others theirs.
NORMAL, GROWN, SHIFTED = 2.0**-126, 2.0**23, 23
# The bits of the square root of one half, where fractions begin.
BEGIN = 0x3F3504F3
POLYNOMIAL = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)


def logarithm(value: Any) -> Any:
    """Compute the natural logarithm of a float32 tensor."""
    torch = sys.modules["torch"]
    x = value.detach()
    small = x < NORMAL
    bits = torch.where(small, x * GROWN, x).view(torch.int32)
    exponent = (bits - BEGIN) >> 23
    rest = (bits - (exponent << 23)).view(torch.float32) - 1.0
    whole = torch.where(small, exponent - SHIFTED, exponent).to(torch.float32)
    square = rest * rest
    sum_ = torch.full_like(rest, POLYNOMIAL[0])
    for coefficient in POLYNOMIAL[1:]:
        sum_ = sum_ * rest + coefficient
    above = (sum_ * (rest * square) + whole * LOG_2_LOW) - square * 0.5
    result = (rest + above) + whole * LOG_2_HIGH
    result = torch.where(x < torch.inf, result, x)
    result = torch.where(x > 0.0, result, torch.where(x == 0.0, -torch.inf, torch.nan))
    if value.requires_grad:
        slope = torch.log(value)
        return result + (slope - slope.detach()).nan_to_num()
    return result
