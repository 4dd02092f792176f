"""Quotients by a number as products with its reciprocal, rounded as IEEE demands.

The reciprocal in two parts gives x * high + x * low with a relative error below 2^-46. Rounding
that goes wrong only for an x whose quotient lies nearer than that to the middle of two floats. Such
x solve a congruence, so that they are few and each can be tried: most divisors have none that goes
wrong (Brisebarre, Muller and Raina). For the others the remainder, which is exact, corrects the
quotient (Markstein).
"""

from __future__ import annotations

import struct
from ctypes import c_float
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import frexp, gcd

# Below this quotient the product with the lower part may underflow, and so may a remainder.
TINY = 2.0**-90
# Numerators at most so far from a middle, in units of the divisor's last place, are tried.
_NEAR = 8


@dataclass(frozen=True)
class Reciprocal:
    """A divisor, its reciprocal to the nearest, and in two parts that are both positive.

    Of an infinity, parts of two signs would make something that is not a number.
    """

    divisor: float
    nearest: float
    high: float
    low: float
    # True if some quotients need the remainder.
    corrected: bool


def is_safe(divisor: float) -> bool:
    """Return whether no quotient by the divisor overflows."""
    return 1.0 <= divisor < 2.0**24


@lru_cache(maxsize=256)
def reciprocal(divisor: float) -> Reciprocal:
    """Return the reciprocal of a safe divisor, rounded to 32 bits first."""
    divisor = c_float(divisor).value
    nearest = c_float(1.0 / divisor).value
    high = nearest if nearest < 1.0 / divisor else _before(nearest)
    low = c_float(1.0 / divisor - high).value
    return Reciprocal(divisor, nearest, high, low, _goes_wrong(divisor, high, low))


def _goes_wrong(divisor: float, high: float, low: float) -> bool:
    """Return whether the sum of products rounds the wrong way for any numerator.

    With integers of 24 bits, a numerator n over a divisor d lies near an odd number m of 25 bits,
    the middle of two floats: n * 2^k = m * d + r, for a small r, and k = 24 or 25.
    """
    d = int(frexp(divisor)[0] * 2**24)
    scale = Fraction(divisor) / d
    for k in (24, 25):
        for r in range(-_NEAR, _NEAR + 1):
            for n, m in _near_middles(d, k, r) if r else ():
                product = c_float(n * low).value
                quotient = (n * Fraction(high) + Fraction(product)) * scale * 2**k
                if (quotient - m) * r <= 0:
                    return True
    return False


def _near_middles(d: int, k: int, r: int) -> list[tuple[int, int]]:
    """Yield all n and m of that equation, with n < d if and only if k is 25."""
    common = gcd(d, 2**k)
    if r % common:
        return []
    modulus = 2**k // common
    first = -r // common * pow(d // common, -1, modulus) % modulus
    pairs = []
    for m in range(first + (2**24 - first) // modulus * modulus, 2**25, modulus):
        n, rest = divmod(m * d + r, 2**k)
        if m % 2 and m > 2**24 and not rest and 2**23 <= n < 2**24 and (n < d) == (k == 25):
            pairs.append((n, m))
    return pairs


def _before(value: float) -> float:
    """Return the next smaller 32-bit float of a positive one."""
    (bits,) = struct.unpack("<I", struct.pack("<f", value))
    return float(struct.unpack("<f", struct.pack("<I", bits - 1))[0])
