"""Choices, shifts and shapes, made of a recipe's words."""

from __future__ import annotations

from neurodeploy.errors import DoesNotFitError
from snncore.dynamics import Equations, Op
from snncore.dynamics.arithmetic.interval import Interval
from targets.lynxi.reduced.recipe import RecipeWriter


def choice(w: RecipeWriter, condition: int, chosen: int, other: int) -> int:
    """Return `chosen` where the condition is 1, `other` where it is 0."""
    unfired = w.multiply(w.subtract(w.constant(1), condition), other)
    w.bounded(unfired, w.range(other).hull(Interval(0, 0)))
    fired = w.multiply(condition, chosen)
    return w.bounded(w.add(fired, unfired), w.range(chosen).hull(w.range(other)))


def shift_floor(w: RecipeWriter, a: int, bits: int) -> int:
    """Return a value divided by a power of two and rounded down."""
    if bits == 0:
        return a
    values, unit = w.range(a), 1 << bits
    result = values.map(lambda value: value >> bits)
    if (result.low, result.high) == (-1, 0):
        return w.subtract(w.at_least(a, w.constant(-0.5)), w.constant(1))
    base = (values.low >> bits) << bits
    width = values.high - base
    rest = w.bounded(w.subtract(a, w.constant(base)), Interval(0, width))
    for bit in reversed(range(bits, width.bit_length())):
        size = 1 << bit
        has_bit = w.at_least(rest, w.constant(size - 0.5))
        share = w.multiply(has_bit, w.constant(size))
        rest = w.bounded(w.subtract(rest, share), Interval(0, min(width, size - 1)))
    multiple = w.bounded(w.subtract(a, rest), Interval(base, result.high * unit))
    return w.scaled(multiple, 1.0 / unit, result)


def in_shape(w: RecipeWriter, constant: int, x: int) -> int:
    """Return a constant in the shape of a value."""
    nothing = w.bounded(w.subtract(x, x), Interval(0, 0))
    return w.plus(nothing, constant)


def drive_of(equations: Equations) -> int:
    """Return the number of the operation that reads the input.

    Raises:
        DoesNotFitError: if none does.
    """
    for number, each in enumerate(equations.operations):
        if each.op == Op.INPUT:
            return number
    raise DoesNotFitError("its spikes and states depend on no input")
