"""The output of a neuron: spikes, which are zero unless it fires, or a value of its own."""

from __future__ import annotations

from functools import lru_cache

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import Attribute, Op

_FIRING = frozenset({Op.SPIKE, Op.GREATER, Op.GREATER_EQUAL})
# Operations that make zeros and ones of zeros and ones.
_KEEPING = frozenset({Op.MULTIPLY, Op.MINIMUM, Op.MAXIMUM, Op.ABSOLUTE, Op.DETACH})
# Operations that are never zero because of their arguments alone.
_FREE = frozenset({Op.STATE, Op.INPUT, Op.PARAMETER, Op.EXP, Op.LOG})


@lru_cache
def sends_spikes(equations: Equations) -> bool:
    """Return whether the output is zero in every step in which nothing fires.

    A spike is, and so are a count of spikes and a number that only a spike lets pass; a voltage
    is not, whatever a reset makes of it.
    """
    zero: list[bool] = []
    for operation in equations.operations:
        silent = [zero[number] for number in operation.args]
        zero.append(_is_zero(operation.op, silent, operation.attribute))
    return zero[equations.output]


@lru_cache
def sends_ones(equations: Equations) -> bool:
    """Return whether the output is always zero or one: a spike, not a count, a sign or a value."""
    binary: list[bool] = []
    for operation in equations.operations:
        parts = [binary[number] for number in operation.args]
        binary.append(_is_binary(operation.op, parts, operation.attribute))
    return binary[equations.output]


def _is_binary(op: Op, parts: list[bool], attribute: Attribute) -> bool:
    """Return whether an operation gives zero or one, as its arguments do or not."""
    if op == Op.CONSTANT:
        return attribute in (0, 1)
    if op == Op.SELECT:
        return all(parts[1:])
    return op in _FIRING or (op in _KEEPING and all(parts))


def _is_zero(op: Op, silent: list[bool], attribute: Attribute) -> bool:
    """Return whether an operation gives zero while nothing fires, as its arguments do or not."""
    if op in _FIRING:
        return True
    if op in _FREE:
        return False
    if op == Op.CONSTANT:
        return attribute == 0
    if op == Op.MULTIPLY:
        return any(silent)
    if op == Op.DIVIDE:
        return silent[0]
    if op == Op.SELECT:
        fired, chosen, other = silent
        return other and (fired or chosen)
    if op == Op.CLIP and isinstance(attribute, tuple):
        return silent[0] and attribute[0] <= 0 <= attribute[1]
    return all(silent)
