"""Division by a number in PTX, correctly rounded, from products with its reciprocal.

The reciprocal in two parts gives a quotient within a unit in the last place; its remainder, which
a fused product gives exactly, corrects it to the nearest (Markstein). Where a remainder could fall
below the smallest float the same is done in float64, for several quotients behind one branch.
"""

from __future__ import annotations

import ctypes
import struct

# Below this quotient a remainder may underflow.
_TINY = 2.0**-100


def is_safe(divisor: float) -> bool:
    """Whether no quotient by it overflows."""
    return 1.0 <= divisor < 2.0**24


def constraints(pack: int) -> str:
    """What the assembly of so many quotients at a time writes and reads."""
    return ",".join(["=&f"] * pack + ["f"] * pack)


def division(divisor: float, pack: int) -> str:
    """So many quotients by the number at a time."""
    nearest = ctypes.c_float(1.0 / divisor).value
    # Both parts are positive, so that an infinite quotient is the sum of two alike.
    high = nearest if nearest < 1.0 / divisor else _before(nearest)
    low = 1.0 / divisor - high
    each = range(pack)
    lines = [".reg .f32 e;", ".reg .f64 a, b, c;", ".reg .pred tiny, any;"]
    lines += [f".reg .f32 q{k}, x{k};" for k in each] + [f".reg .pred p{k};" for k in each]
    for k in each:
        seen = ".or" if k else ""
        lines += [
            f"mov.f32 x{k}, ${pack + k};",
            f"mul.rn.f32 q{k}, x{k}, {_hex(low)};",
            f"fma.rn.f32 q{k}, x{k}, {_hex(high)}, q{k};",
            # The remainder's negative, which leaves the sign of zero as it is.
            f"neg.f32 e, x{k};",
            f"fma.rn.f32 e, q{k}, {_hex(divisor)}, e;",
            # An infinite quotient has no remainder, and stays infinite.
            f"min.f32 e, e, {_hex(2.0**126)};",
            f"fma.rn.f32 ${k}, e, {_hex(-nearest)}, q{k};",
            f"abs.f32 q{k}, q{k};",
            f"setp.lt{seen}.f32 tiny, q{k}, {_hex(_TINY)}{', tiny' if k else ''};",
        ]
    lines.append("@!tiny bra done;")
    for k in each:
        # Zero is what it is.
        lines += [
            f"setp.lt.f32 p{k}, q{k}, {_hex(_TINY)};",
            f"setp.ne.and.f32 p{k}, x{k}, 0f00000000, p{k};",
            f"or.pred any, any, p{k};" if k else "mov.pred any, p0;",
        ]
    lines.append("@!any bra done;")
    for k in each:
        lines += [
            f"cvt.f64.f32 a, x{k};",
            f"mul.rn.f64 b, a, {_wide(1.0 / divisor)};",
            f"fma.rn.f64 c, b, {_wide(-divisor)}, a;",
            f"fma.rn.f64 b, c, {_wide(1.0 / divisor)}, b;",
            f"@p{k} cvt.rn.f32.f64 ${k}, b;",
        ]
    lines.append("done:")
    return "{ " + " ".join(lines) + " }"


def _before(value: float) -> float:
    """The next smaller float of 32 bits, of one above zero."""
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    return float(struct.unpack("<f", struct.pack("<i", bits - 1))[0])


def _hex(value: float) -> str:
    return f"0f{struct.pack('>f', value).hex().upper()}"


def _wide(value: float) -> str:
    return f"0d{struct.pack('>d', value).hex().upper()}"
