"""What makes operations and formats well formed, so that nothing else need look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from keyword import iskeyword
from math import isfinite
from typing import Any

from snncore.dynamics.expression import Op, Operation

# How many operations each kind reads; two where nothing else is said.
_READS = {
    Op.STATE: 0,
    Op.INPUT: 0,
    Op.PARAMETER: 0,
    Op.CONSTANT: 0,
    Op.NEGATE: 1,
    Op.ABSOLUTE: 1,
    Op.EXP: 1,
    Op.LOG: 1,
    Op.DETACH: 1,
    Op.SPIKE: 1,
    Op.SELECT: 3,
    Op.SHIFT_LEFT: 1,
    Op.SHIFT_TO_ZERO: 1,
    Op.SHIFT_FLOOR: 1,
    Op.WRAP: 1,
    Op.WRAP_ONCE: 1,
    Op.CLIP: 1,
    Op.SCALE_TO_ZERO: 1,
}
_SHIFTS = (Op.SHIFT_LEFT, Op.SHIFT_TO_ZERO, Op.SHIFT_FLOOR)


def check_operation(operation: Operation, names: Mapping[Op, Sequence[str]]) -> None:
    """Nothing if the operation reads as many values as it must, with the constant it needs.

    Raises:
        ValueError: otherwise.
    """
    op: Op = operation.op
    attribute: Any = operation.attribute
    if len(operation.args) != _READS.get(op, 2):
        raise ValueError(f"{op.value} reads {len(operation.args)} values")
    if op in names:
        fits = attribute in names[op]
    elif op == Op.CONSTANT:
        fits = is_number(attribute) and isfinite(attribute)
    elif op == Op.SPIKE:
        fits = isinstance(attribute, bool)
    elif op in _SHIFTS:
        fits = is_whole(attribute, 0, 63)
    elif op in (Op.WRAP, Op.WRAP_ONCE):
        fits = is_whole(attribute, 2, 63)
    elif op in (Op.CLIP, Op.SCALE_TO_ZERO):
        fits = isinstance(attribute, tuple) and len(attribute) == 2
        fits = fits and all(is_whole(value) for value in attribute)
    else:
        fits = attribute is None
    if not fits:
        raise ValueError(f"{op.value} of {attribute!r}")


def check_names(names: Iterable[Any]) -> None:
    """Nothing if these are different names.

    Raises:
        ValueError: otherwise; says which.
    """
    seen: set[str] = set()
    for name in names:
        plain = isinstance(name, str) and name.isidentifier() and not iskeyword(name)
        if not plain or name in seen:
            raise ValueError(f"{name!r} is no name, or one that is used twice")
        seen.add(name)


def is_number(value: Any) -> bool:
    """Whether the value is a number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any, low: int | None = None, high: int | None = None) -> bool:
    """Whether the value is an integer within limits."""
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return (low is None or low <= value) and (high is None or value <= high)
