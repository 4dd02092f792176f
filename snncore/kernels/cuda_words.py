"""Equations as CUDA C: one assignment an operation, rounded as it says whatever the flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ctypes import c_float
from math import isinf
from struct import pack, unpack
from typing import Any

from snncore.dynamics.exponential import HIGHEST, LOG2_E, LOG_2_HIGH, LOG_2_LOW, LOWEST, POLYNOMIAL
from snncore.dynamics.expression import LEAVES, Op, Operation
from snncore.dynamics.render import Dialect
from snncore.kernels import rounding

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
        Op.LOG: "logf({0})",
        Op.DETACH: "{0}",
        Op.GREATER: "{0} > {1}",
        Op.GREATER_EQUAL: "{0} >= {1}",
        Op.SELECT: "{0} > 0 ? {1} : {2}",
        Op.SPIKE: "float({0} {comparison} 0)",
    },
)
# What only gradients are made of may be rounded otherwise than the equations say.
GRADIENTS = Dialect("CUDA", {**CUDA.spelling, Op.DIVIDE: "quotient({0}, {1})"})

_HORNER = "\n".join(f"    sum = __fadd_rn(__fmul_rn(sum, rest), {c!r}f);" for c in POLYNOMIAL[1:])

FUNCTIONS = f"""\
#ifndef ON_CPU
#define ON_CPU 0
// Not every kernel needs every function.
#pragma nv_diag_suppress 177
#endif

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

// A quotient by a number from 1 to 2^24, rounded as IEEE asks for, from products with its
// reciprocal in two parts: the remainder, which is exact, corrects it (Markstein).
static __device__ __forceinline__ float divided(const float given, const float divisor,
                                                const float reciprocal, const float high,
                                                const float low)
{{
    const float near = __fmaf_rn(given, high, __fmul_rn(given, low));
    // The remainder may be too small for a float.
    if (fabsf(near) < 0x1p-100f && given != 0.0f) {{
        const double inverse = 1.0 / divisor, wide = given * inverse;
        return float(fma(fma(wide, -double(divisor), double(given)), inverse, wide));
    }}
    // An infinite quotient has none, and stays infinite.
    const float left = fmaxf(__fmaf_rn(near, -divisor, given), -0x1p126f);
    return copysignf(__fmaf_rn(left, reciprocal, near), given);
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


def statements(
    operations: Sequence[Operation],
    leaves: Mapping[tuple[Op, str], str],
    results: Sequence[int | None],
    forward: Sequence[Operation] | None = None,
) -> tuple[list[str], list[str]]:
    """An assignment for each operation that the results need, and each operation's name.

    With `forward`, the operations are a gradient's: what is not the step's may be fused.
    """
    exact = set(range(len(operations)))
    fused: dict[int, tuple[int, int]] = {}
    if forward is not None:
        exact = rounding.shared(operations, forward)
        fused = rounding.fused(operations, results, exact)
    needed = rounding.reached(operations, results) - {product for product, _ in fused.values()}
    names: list[str] = []
    lines = []
    for number, operation in enumerate(operations):
        if operation.op in LEAVES:
            names.append(_leaf(operation, leaves))
            continue
        names.append(f"t{number}")
        if number in fused:
            product, other = fused[number]
            first, second = (names[arg] for arg in operations[product].args)
            value = f"__fmaf_rn({first}, {second}, {names[other]})"
        else:
            dialect = CUDA if number in exact else GRADIENTS
            value = _divided(operations, operation, names, number in exact) or _spelled(
                dialect, operation, [names[arg] for arg in operation.args]
            )
        if number in needed:
            lines.append(f"const auto t{number} = {value};")
    return lines, names


def _divided(
    operations: Sequence[Operation], operation: Operation, names: Sequence[str], exact: bool
) -> str | None:
    """A quotient by a number without a division, where it is one."""
    if operation.op != Op.DIVIDE:
        return None
    by = operations[operation.args[1]].attribute
    if not isinstance(by, float) or not 1.0 <= by < 2.0**24:
        return None
    numbers = division(by)
    given = names[operation.args[0]]
    if not exact or len(numbers) == 1:
        return f"__fmul_rn({given}, {number_text(numbers[0])})"
    constants = ", ".join(map(number_text, (c_float(by).value, *numbers)))
    return f"divided({given}, {constants})"


def division(by: float) -> tuple[float, ...]:
    """The reciprocal of a divisor; and unless that is exact, in two parts that are not below zero.

    Of an infinity, parts of two signs would make something that is not a number.
    """
    divisor = c_float(by).value
    nearest = c_float(1.0 / divisor).value
    if nearest * divisor == 1.0:
        return (nearest,)
    high = nearest if nearest < 1.0 / divisor else _below(nearest)
    return nearest, high, c_float(1.0 / divisor - high).value


def _below(value: float) -> float:
    """The next smaller float of a positive one."""
    (bits,) = unpack("<I", pack("<f", value))
    (below,) = unpack("<f", pack("<I", bits - 1))
    return float(below)


def _leaf(operation: Operation, leaves: Mapping[tuple[Op, str], str]) -> str:
    if operation.op == Op.CONSTANT:
        return number_text(operation.attribute)
    return leaves[operation.op, str(operation.attribute)]


def number_text(value: Any) -> str:
    """A number as a float."""
    value = float(value)
    if isinf(value):
        return f"__int_as_float({'0x7f800000' if value > 0 else '0xff800000'})"
    return f"float({value!r})"


def _spelled(dialect: Dialect, operation: Operation, values: Sequence[str]) -> str:
    template = dialect.spelling.get(operation.op)
    if template is None:
        raise ValueError(f"the dialect {dialect.name} has no word for {operation.op.value}")
    comparison = ">" if operation.attribute else ">="
    return template.format(*values, comparison=comparison)
