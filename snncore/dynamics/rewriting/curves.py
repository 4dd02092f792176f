"""Exponentials and logistic functions of a state as straight lines, which integers compute.

1. `1 / (1 + exp(-z))` is a table of the logistic function: chords up to 1, mirrored at 0.
2. Any other exponential is the largest of its chords, as it is convex.
Every number of a line is a multiple of 2**-bits, so that a number system of so many bits holds it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import exp
from typing import Any

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import Op, Operation, Recorder, Symbol
from snncore.dynamics.rewriting.rebuild import copied, rebuilt
from snncore.dynamics.words import absolute, maximum, minimum, select

# Where the lines of each function meet.
_EXP: tuple[float, ...] = (-6.0, -4.0, -3.0, -2.25, -1.75, -1.25, -0.75, -0.25)
_EXP += (0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4.25, 5.0)
_LOGISTIC = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.25, 4.5, 6.0)


def as_lines(equations: Equations, bits: int) -> tuple[Equations, tuple[str, ...]]:
    """Return equations without exponentials, and the functions whose lines they read."""
    unit = 2.0**-bits
    lines: dict[str, None] = {}

    def rule(recorder: Recorder, number: int, operation: Operation, args: list[int]) -> int:
        source = _logistic_of(recorder, operation, args)
        if source is not None:
            lines["sigmoid"] = None
            chosen: Symbol = logistic_lines(Symbol(recorder, source), unit)
            return chosen.index
        return copied(recorder, operation, args)

    def exponentials(recorder: Recorder, number: int, operation: Operation, args: list[int]) -> int:
        if operation.op == Op.EXP:
            lines["exp"] = None
            highest: Symbol = exponential_lines(Symbol(recorder, args[0]), unit)
            return highest.index
        return copied(recorder, operation, args)

    # In turn, so that an exponential of which only the logistic function is read is gone.
    return rebuilt(rebuilt(equations, rule), exponentials), tuple(lines)


def exponential_lines(z: Any, unit: float) -> Any:
    """Return the exponential of z from -6 to 5 as lines; beyond, the value at the end."""
    z = minimum(maximum(z, _EXP[0]), _EXP[-1])
    result: Any = 0.0
    for slope, offset in _chords(_EXP, exp, unit):
        result = maximum(slope * z + offset, result)
    return result


def logistic_lines(z: Any, unit: float) -> Any:
    """Return the logistic function of z as lines; from 6 on it is 1."""
    size = minimum(absolute(z), _LOGISTIC[-1])
    half: Any = 1.0
    for slope, offset in _chords(_LOGISTIC, lambda x: 1 / (1 + exp(-x)), unit):
        half = minimum(slope * size + offset, half)
    return select(z >= 0, half, 1.0 - half)


def _chords(
    knots: tuple[float, ...], curve: Callable[[float], float], unit: float
) -> list[tuple[float, float]]:
    """Return slope and offset of the lines between the knots of a curve."""
    lines = []
    for left, right in pairwise(knots):
        slope = round((curve(right) - curve(left)) / (right - left) / unit) * unit
        middle = (left + right) / 2
        value = (curve(left) + curve(right)) / 2
        lines.append((slope, round((value - slope * middle) / unit) * unit))
    return lines


def _logistic_of(recorder: Recorder, operation: Operation, args: list[int]) -> int | None:
    """Return z if an operation is 1 / (1 + exp(-z)), as the word `sigmoid` writes it."""
    if operation.op != Op.DIVIDE or not _is_one(recorder, args[0]):
        return None
    total = recorder.operations[args[1]]
    if total.op != Op.ADD or not _is_one(recorder, total.args[0]):
        return None
    power = recorder.operations[total.args[1]]
    if power.op != Op.EXP:
        return None
    negated = recorder.operations[power.args[0]]
    return negated.args[0] if negated.op == Op.NEGATE else None


def _is_one(recorder: Recorder, number: int) -> bool:
    operation = recorder.operations[number]
    return operation.op == Op.CONSTANT and operation.attribute == 1.0
