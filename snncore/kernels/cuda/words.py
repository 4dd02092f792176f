"""The words of equations in CUDA C, with explicit rounding whatever the flags."""

from __future__ import annotations

from snncore.dynamics import logarithm
from snncore.dynamics.exponential import HIGHEST, LOG2_E, LOG_2_HIGH, LOG_2_LOW, LOWEST, POLYNOMIAL
from snncore.dynamics.expression import Op
from snncore.dynamics.printing.render import Dialect
from snncore.kernels.loop.reciprocal import TINY

CUDA = Dialect(
    "CUDA",
    {
        Op.ADD: "__fadd_rn({0}, {1})",
        Op.SUBTRACT: "__fsub_rn({0}, {1})",
        Op.MULTIPLY: "__fmul_rn({0}, {1})",
        Op.DIVIDE: "__fdiv_rn({0}, {1})",
        Op.NEGATE: "-{0}",
        Op.MINIMUM: "{0} < {1} ? {0} : {1}",
        Op.MAXIMUM: "{0} > {1} ? {0} : {1}",
        Op.ABSOLUTE: "{0} >= 0 ? {0} : -{0}",
        Op.EXP: "exponential({0})",
        Op.LOG: "logarithm({0})",
        Op.DETACH: "{0}",
        Op.GREATER: "{0} > {1}",
        Op.GREATER_EQUAL: "{0} >= {1}",
        Op.SELECT: "{0} > 0 ? {1} : {2}",
        Op.SPIKE: "float({0} {comparison} 0)",
        # Integers that a float holds.
        Op.SHIFT_LEFT: "__fmul_rn({0}, float(1ll << {a}))",
        Op.SHIFT_FLOOR: "floorf(__fmul_rn({0}, 1.0f / float(1ll << {a})))",
        Op.SHIFT_TO_ZERO: "truncf(__fmul_rn({0}, 1.0f / float(1ll << {a})))",
        Op.SCALE_TO_ZERO: "truncf(__fmul_rn({0}, float({ratio})))",
        Op.WRAP: "wrapped({0}, float({half}))",
        Op.WRAP_ONCE: "wrapped_once({0}, float({half}))",
        Op.CLIP: "{0} < {low} ? float({low}) : {0} > {high} ? float({high}) : {0}",
    },
)
# Operations of gradients alone may round otherwise than the equations say.
GRADIENTS = Dialect("CUDA", {**CUDA.spelling, Op.DIVIDE: "quotient({0}, {1})"})

_HORNER = "\n".join(f"    sum = __fadd_rn(__fmul_rn(sum, rest), {c!r}f);" for c in POLYNOMIAL[1:])
_LOG_HORNER = "\n".join(
    f"    sum = __fadd_rn(__fmul_rn(sum, rest), {c!r}f);" for c in logarithm.POLYNOMIAL[1:]
)

FUNCTIONS = f"""\
#ifndef ON_CPU
#define ON_CPU 0
// Not every kernel needs every function.
#pragma nv_diag_suppress 177
#endif

// Into [-half, half), as two's complement does.
static __device__ __forceinline__ float wrapped(const float value, const float half)
{{
    const float turns = floorf(__fmul_rn(__fadd_rn(value, half), 0.5f / half));
    return __fsub_rn(value, __fmul_rn(turns, 2.0f * half));
}}

// At most once, into (-half, half].
static __device__ __forceinline__ float wrapped_once(const float value, const float half)
{{
    const float down = value > half ? __fsub_rn(value, 2.0f * half) : value;
    return value <= -half ? __fadd_rn(value, 2.0f * half) : down;
}}

// The exponential, to the bit that of every other backend.
static __device__ __forceinline__ float exponential(const float value)
{{
    float x = value < {LOWEST}f ? {LOWEST}f : value;
    x = x > {HIGHEST}f ? {HIGHEST}f : x;
    const float whole = floorf(__fadd_rn(__fmul_rn(x, float({LOG2_E!r})), 0.5f));
    const float rest = __fsub_rn(__fsub_rn(x, __fmul_rn(whole, {LOG_2_HIGH!r}f)),
                                 __fmul_rn(whole, float({LOG_2_LOW!r})));
    float sum = {POLYNOMIAL[0]!r}f;
{_HORNER}
    const int bits = whole == whole ? (int(whole) + 127) << 23 : 0;
    const float small = __fadd_rn(__fmul_rn(sum, __fmul_rn(rest, rest)), rest);
    return __fmul_rn(__fadd_rn(small, 1.0f), __int_as_float(bits));
}}

// The natural logarithm, likewise.
static __device__ __forceinline__ float logarithm(const float value)
{{
    const bool small = value < {logarithm.NORMAL!r}f;
    const int bits = __float_as_int(small ? __fmul_rn(value, {logarithm.GROWN!r}f) : value);
    const int exponent = int(unsigned(bits) - {logarithm.BEGIN:#x}u) >> 23;
    const float fraction = __int_as_float(int(unsigned(bits) - (unsigned(exponent) << 23)));
    const float rest = __fsub_rn(fraction, 1.0f), square = __fmul_rn(rest, rest);
    const float whole = float(small ? exponent - {logarithm.SHIFTED} : exponent);
    float sum = {logarithm.POLYNOMIAL[0]!r}f;
{_LOG_HORNER}
    const float lower = __fadd_rn(__fmul_rn(sum, __fmul_rn(rest, square)),
                                  __fmul_rn(whole, float({LOG_2_LOW!r})));
    const float above = __fsub_rn(lower, __fmul_rn(square, 0.5f));
    const float result = __fadd_rn(__fadd_rn(rest, above), __fmul_rn(whole, {LOG_2_HIGH!r}f));
    const float infinite = __int_as_float(0x7f800000);
    const float finite = value < infinite ? result : value;
    return value > 0.0f ? finite : value == 0.0f ? -infinite : __int_as_float(0x7fc00000);
}}

// A quotient by a number from 1 to 2^24, rounded as IEEE asks for, from products with its
// reciprocal in two parts; where those are not enough, the remainder corrects it.
static __device__ __forceinline__ float divided(const float given, const float divisor,
                                                const float reciprocal, const float high,
                                                const float low, const bool corrected)
{{
    const float near = __fmaf_rn(given, high, __fmul_rn(given, low));
    // The lower product or the remainder may be too small for a float.
    if (fabsf(near) < float({TINY!r}) && given != 0.0f) {{
        const double inverse = 1.0 / divisor, wide = given * inverse;
        return float(fma(fma(wide, -double(divisor), double(given)), inverse, wide));
    }}
    if (!corrected) return near;
    // Its negative leaves the sign of zero as it is; an infinite quotient has none.
    const float left = fminf(__fmaf_rn(near, divisor, -given), 0x1p126f);
    return __fmaf_rn(left, -reciprocal, near);
}}

// A quotient for gradients, within three units in the last place: two instructions.
static __device__ __forceinline__ float quotient(const float numerator, const float denominator)
{{
#if ON_CPU
    return numerator / denominator;
#else
    float reciprocal;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(denominator));
    return __fmul_rn(numerator, reciprocal);
#endif
}}
"""
