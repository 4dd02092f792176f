"""The words of equations that are more than an operator in Triton, on a GPU or interpreted."""

from __future__ import annotations

import triton
import triton.language as tl

from snncore.dynamics import exponential, logarithm

LOWEST, HIGHEST = tl.constexpr(exponential.LOWEST), tl.constexpr(exponential.HIGHEST)
LOG2_E = tl.constexpr(exponential.LOG2_E)
LOG_2_HIGH = tl.constexpr(exponential.LOG_2_HIGH)
LOG_2_LOW = tl.constexpr(exponential.LOG_2_LOW)
C0, C1, C2, C3, C4, C5 = (tl.constexpr(value) for value in exponential.POLYNOMIAL)
NORMAL, GROWN = tl.constexpr(logarithm.NORMAL), tl.constexpr(logarithm.GROWN)
SHIFTED, BEGIN = tl.constexpr(logarithm.SHIFTED), tl.constexpr(logarithm.BEGIN)
D0, D1, D2, D3, D4, D5, D6, D7, D8 = (tl.constexpr(value) for value in logarithm.POLYNOMIAL)
LARGE = tl.constexpr(2.0**126)
INTERPRETED = tl.constexpr(bool(triton.knobs.runtime.interpret))


@triton.jit
def exp(value):
    """Compute the exponential, equal to `snncore.dynamics.exponential` on every bit."""
    x = tl.where(value < LOWEST, LOWEST, tl.where(value > HIGHEST, HIGHEST, value))
    whole = tl.floor(x * LOG2_E + 0.5)
    rest = (x - whole * LOG_2_HIGH) - whole * LOG_2_LOW
    total = rest * C0 + C1
    total = total * rest + C2
    total = total * rest + C3
    total = total * rest + C4
    total = total * rest + C5
    bits = tl.where(whole == whole, whole, 0.0).to(tl.int32)
    power = ((bits + 127) << 23).to(tl.float32, bitcast=True)
    return ((total * (rest * rest) + rest) + 1.0) * power


@triton.jit
def log(value):
    """Compute the natural logarithm, equal to `snncore.dynamics.logarithm` on every bit."""
    small = value < NORMAL
    bits = tl.where(small, value * GROWN, value).to(tl.int32, bitcast=True)
    exponent = (bits - BEGIN) >> 23
    rest = (bits - (exponent << 23)).to(tl.float32, bitcast=True) - 1.0
    whole = tl.where(small, exponent - SHIFTED, exponent).to(tl.float32)
    square = rest * rest
    total = rest * D0 + D1
    total = total * rest + D2
    total = total * rest + D3
    total = total * rest + D4
    total = total * rest + D5
    total = total * rest + D6
    total = total * rest + D7
    total = total * rest + D8
    above = (total * (rest * square) + whole * LOG_2_LOW) - square * 0.5
    result = (rest + above) + whole * LOG_2_HIGH
    result = tl.where(value < float("inf"), result, value)
    beyond = tl.where(value == 0.0, float("-inf"), float("nan"))
    return tl.where(value > 0.0, result, beyond)


@triton.jit
def truncated(value):
    """Round toward zero."""
    size = tl.floor(tl.abs(value))
    return tl.where(value < 0.0, -size, size)


@triton.jit
def wrapped_once(value, half: tl.constexpr):
    """Wrap a value at most once, into (-half, half]."""
    return tl.where(
        value > half, value - 2.0 * half, tl.where(value <= -half, value + 2.0 * half, value)
    )


@triton.jit
def quotient(numerator, denominator):
    """Divide for gradients, within three units in the last place, in two instructions."""
    if INTERPRETED:
        result = numerator / denominator
    else:
        reciprocal = tl.inline_asm_elementwise(
            "rcp.approx.ftz.f32 $0, $1;",
            "=f,f",
            [denominator],
            dtype=tl.float32,
            is_pure=True,
            pack=1,
        )
        result = numerator * reciprocal
    return result


@triton.jit
def nearly_divided(
    numerator,
    divisor: tl.constexpr,
    nearest: tl.constexpr,
    high: tl.constexpr,
    low: tl.constexpr,
    corrected: tl.constexpr,
):
    """Divide by a number without a branch, rounded as IEEE demands unless the quotient is tiny."""
    if INTERPRETED:
        result = tl.div_rn(numerator, divisor)
    else:
        result = tl.fma(numerator, high, numerator * low)
        if corrected:
            # An infinite quotient has no remainder, and stays infinite.
            left = tl.minimum(tl.fma(result, divisor, -numerator), LARGE)
            result = tl.fma(left, -nearest, result)
    return result


@triton.jit
def divided(
    numerator,
    divisor: tl.constexpr,
    assembly: tl.constexpr,
    constraints: tl.constexpr,
    pack: tl.constexpr,
):
    """Divide by a number without a division, rounded as IEEE demands."""
    if INTERPRETED:
        result = tl.div_rn(numerator, divisor)
    else:
        result = tl.inline_asm_elementwise(
            assembly, constraints, [numerator], dtype=tl.float32, is_pure=True, pack=pack
        )
    return result
