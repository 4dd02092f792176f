"""Division by a number in PTX, correctly rounded, from products with its reciprocal.

Where a remainder or a product could fall below the smallest float the same is done in float64, for
several quotients behind one branch.
"""

from __future__ import annotations

import struct

from snncore.kernels.loop.reciprocal import TINY, Reciprocal, reciprocal


def constraints(pack: int) -> str:
    """Return the constraints of the assembly for `pack` quotients at a time."""
    return ",".join(["=&f"] * pack + ["f"] * pack)


def division(divisor: float, pack: int) -> str:
    """Write the assembly that divides `pack` values by the number at a time."""
    by = reciprocal(divisor)
    each = range(pack)
    lines = [".reg .f32 e;", ".reg .f64 a, b, c;", ".reg .pred tiny, any;"]
    lines += [f".reg .f32 q{k}, x{k};" for k in each] + [f".reg .pred p{k};" for k in each]
    for k in each:
        lines += [
            f"mov.f32 x{k}, ${pack + k};",
            f"mul.rn.f32 q{k}, x{k}, {_hex(by.low)};",
            f"fma.rn.f32 q{k}, x{k}, {_hex(by.high)}, q{k};",
            *(_correction(by, k) if by.corrected else (f"mov.f32 ${k}, q{k};",)),
            f"abs.f32 q{k}, q{k};",
            f"setp.lt{'.or' if k else ''}.f32 tiny, q{k}, {_hex(TINY)}{', tiny' if k else ''};",
        ]
    lines.append("@!tiny bra done;")
    for k in each:
        # Zero is what it is.
        lines += [
            f"setp.lt.f32 p{k}, q{k}, {_hex(TINY)};",
            f"setp.ne.and.f32 p{k}, x{k}, 0f00000000, p{k};",
            f"or.pred any, any, p{k};" if k else "mov.pred any, p0;",
        ]
    lines.append("@!any bra done;")
    for k in each:
        lines += [
            f"cvt.f64.f32 a, x{k};",
            f"mul.rn.f64 b, a, {_wide(1.0 / by.divisor)};",
            f"fma.rn.f64 c, b, {_wide(-by.divisor)}, a;",
            f"fma.rn.f64 b, c, {_wide(1.0 / by.divisor)}, b;",
            f"@p{k} cvt.rn.f32.f64 ${k}, b;",
        ]
    lines.append("done:")
    return "{ " + " ".join(lines) + " }"


def _correction(by: Reciprocal, k: int) -> tuple[str, ...]:
    """Correct a quotient by its remainder; the negated divisor keeps the sign of zero."""
    return (
        f"neg.f32 e, x{k};",
        f"fma.rn.f32 e, q{k}, {_hex(by.divisor)}, e;",
        # An infinite quotient has no remainder, and stays infinite.
        f"min.f32 e, e, {_hex(2.0**126)};",
        f"fma.rn.f32 ${k}, e, {_hex(-by.nearest)}, q{k};",
    )


def _hex(value: float) -> str:
    return f"0f{struct.pack('>f', value).hex().upper()}"


def _wide(value: float) -> str:
    return f"0d{struct.pack('>d', value).hex().upper()}"
