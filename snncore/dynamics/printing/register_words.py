"""The operations of registers: shifts, wraps and clips of numbers, arrays and float tensors.

A comparison is a number here, as it is on a chip and in every compiled loop. Gradients look
through what rounds and wraps, and end where a value clips, as in the adjoint.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

from snncore.dynamics.expression import Op
from snncore.dynamics.words import TABLE, select

Value = Any


def shift_left(value: Value, bits: int) -> Value:
    """Return the product with 2**bits."""
    return value * 2.0**bits


def shift_floor(value: Value, bits: int) -> Value:
    """Return the quotient by 2**bits, rounded down."""
    return _rounded(value * 2.0**-bits, "floor")


def shift_to_zero(value: Value, bits: int) -> Value:
    """Return the quotient by 2**bits, rounded toward zero."""
    return _rounded(value * 2.0**-bits, "trunc")


def scale_to_zero(value: Value, ratio: tuple[int, int]) -> Value:
    """Return the product with numerator / 2**bits, rounded toward zero."""
    numerator, bits = ratio
    return _rounded(value * (numerator * 2.0**-bits), "trunc")


def wrap(value: Value, bits: int) -> Value:
    """Return the value in two's complement of this number of bits."""
    half = 2.0 ** (bits - 1)
    turns = _rounded((value + half) / (2 * half), "floor")
    return value - _detached(turns) * (2 * half)


def wrap_once(value: Value, bits: int) -> Value:
    """Return the value after one turn at most, above -half and up to half."""
    half = 2.0 ** (bits - 1)
    return select(value > half, value - 2 * half, select(value <= -half, value + 2 * half, value))


def clip(value: Value, limits: tuple[int, int]) -> Value:
    """Return the value, or the limit that it is beyond."""
    low, high = map(float, limits)
    return select(value < low, low, select(value > high, high, value))


def _holds(condition: Value, *compared: Value) -> Value:
    """Return a comparison as 0 or 1, a number that is computed with as any other."""
    if isinstance(condition, bool):
        return float(condition)
    kind = next(value.dtype for value in compared if hasattr(value, "dtype"))
    library = type(condition).__module__.partition(".")[0]
    return condition.to(kind) if library == "torch" else condition.astype(kind)


def _rounded(value: Value, how: str) -> Value:
    """Return the value rounded, with the gradient of one that is not."""
    library = type(value).__module__.partition(".")[0]
    if library == "torch":
        rounded = getattr(sys.modules["torch"], how)(value)
        return value + (rounded - value).detach() if value.requires_grad else rounded
    return getattr(sys.modules["numpy"] if library == "numpy" else math, how)(value)


def _detached(value: Value) -> Value:
    """Return the value as a constant, through which no gradient flows."""
    return value.detach() if hasattr(value, "detach") else value


# The function of each operation on floats, including those of number systems.
REGISTER_TABLE: dict[Op, Callable[..., Value]] = {
    **TABLE,
    Op.GREATER: lambda x, y: _holds(x > y, x, y),
    Op.GREATER_EQUAL: lambda x, y: _holds(x >= y, x, y),
    Op.SHIFT_LEFT: shift_left,
    Op.SHIFT_FLOOR: shift_floor,
    Op.SHIFT_TO_ZERO: shift_to_zero,
    Op.SCALE_TO_ZERO: scale_to_zero,
    Op.WRAP: wrap,
    Op.WRAP_ONCE: wrap_once,
    Op.CLIP: clip,
}
