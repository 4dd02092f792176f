"""The rules of well-formed operations and formats, checked once for everyone."""

from __future__ import annotations

import reprlib
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
# Far beyond any neuron and any register; what a file claims must not cost more than this.
MOST_BITS = 256
MOST_OPERATIONS = 1024
MOST_NAMES = 256
_WIDEST = 1 << MOST_BITS


def check_operation(operation: Operation, names: Mapping[Op, Sequence[str]]) -> None:
    """Check that the operation has the right number of arguments and the constant that it needs.

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
        # A large integer does not fit a float, so check its size first.
        fits = is_number(attribute) and (is_bounded(attribute) or isinstance(attribute, float))
        fits = fits and isfinite(attribute)
    elif op == Op.SPIKE:
        fits = isinstance(attribute, bool)
    elif op in _SHIFTS:
        fits = is_whole(attribute, 0, 63)
    elif op in (Op.WRAP, Op.WRAP_ONCE):
        fits = is_whole(attribute, 2, 63)
    elif op in (Op.CLIP, Op.SCALE_TO_ZERO):
        fits = isinstance(attribute, tuple) and len(attribute) == 2
        fits = fits and all(is_bounded(value) for value in attribute)
        fits = fits and _in_order(op, *attribute)
    else:
        fits = attribute is None
    if not fits:
        raise ValueError(f"{op.value} of {reprlib.repr(attribute)}")


def _in_order(op: Op, first: int, second: int) -> bool:
    """Return whether these are a clip's ends, or a scale's numerator and its shift."""
    return first <= second if op == Op.CLIP else is_whole(second, 0, 63)


def check_names(names: Iterable[Any]) -> None:
    """Check that these are different names, and not too many.

    Raises:
        ValueError: otherwise; says which.
    """
    seen: set[str] = set()
    for name in names:
        if len(seen) == MOST_NAMES:
            raise ValueError(f"has more than {MOST_NAMES} names")
        plain = isinstance(name, str) and name.isidentifier() and not iskeyword(name)
        if not plain or name in seen:
            raise ValueError(f"{name!r:.80} is not a name, or is used twice")
        seen.add(name)


def is_number(value: Any) -> bool:
    """Return whether the value is a number and not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any, low: int | None = None, high: int | None = None) -> bool:
    """Return whether the value is an integer within limits."""
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return (low is None or low <= value) and (high is None or value <= high)


def is_bounded(value: Any) -> bool:
    """Return whether the value is an integer of no more bits than any interval may have."""
    return is_whole(value, -_WIDEST, _WIDEST)


def nesting(operations: Sequence[Operation]) -> int:
    """Return how many operations the longest chain has, each reading the one before."""
    depths: list[int] = []
    for operation in operations:
        depths.append(1 + max((depths[arg] for arg in operation.args), default=0))
    return max(depths, default=0)
