"""The words of equations; each acts on symbols, tensors, arrays or numbers.

No numerical library is imported here: a tensor or an array brings its own, which is loaded already.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from snncore.dynamics.exponential import exponential
from snncore.dynamics.expression import Op, Symbol
from snncore.dynamics.logarithm import logarithm

# Symbol, torch.Tensor, numpy.ndarray or a number: each word says what it does with which.
Value = Any
FiringRule = Callable[[Value, bool], Value]

_firing: ContextVar[FiringRule | None] = ContextVar("firing", default=None)
_number_type: ContextVar[Any] = ContextVar("number_type", default=None)


@contextmanager
def firing(rule: FiringRule) -> Iterator[None]:
    """Make `spike` on a tensor apply `rule`, with its own gradient, within this block."""
    token = _firing.set(rule)
    try:
        yield
    finally:
        _firing.reset(token)


@contextmanager
def numbers_like(tensor: Value) -> Iterator[None]:
    """Give the tensor's type to a choice between two numbers within this block."""
    token = _number_type.set(getattr(tensor, "dtype", None))
    try:
        yield
    finally:
        _number_type.reset(token)


def _symbol(*values: Value) -> Symbol | None:
    return next((value for value in values if isinstance(value, Symbol)), None)


def _library(*values: Value) -> ModuleType | None:
    for value in values:
        root = type(value).__module__.partition(".")[0]
        if root in ("torch", "numpy"):
            return sys.modules[root]
    return None


def select(condition: Value, chosen: Value, other: Value) -> Value:
    """Select `chosen` where the condition (a comparison, a spike) is above zero, else `other`."""
    if isinstance(condition, Symbol):
        return condition.record(Op.SELECT, condition, chosen, other)
    library = _library(condition)
    if library is None:
        return chosen if condition > 0 else other
    fired = condition if condition.dtype == library.bool else condition > 0
    if library.__name__ != "torch":
        return library.where(fired, chosen, other)
    chosen, other = _alike(library, condition, chosen, other)
    selected = library.where(fired, chosen, other)
    if condition.requires_grad:
        # Between two values a spike is a switch, whose slope is their difference.
        slope = (chosen - other).detach().nan_to_num()
        selected = selected + (condition - condition.detach()) * slope
    return selected


def _alike(torch: ModuleType, condition: Value, *values: Value) -> list[Value]:
    """Convert numbers to tensors of the others' type: a number must not promote float16."""
    sample = next((v for v in values if hasattr(v, "dtype")), condition)
    kind = sample.dtype if sample.dtype != torch.bool else _number_type.get()
    return [
        v if hasattr(v, "dtype") else torch.full((), v, dtype=kind, device=condition.device)
        for v in values
    ]


def spike(distance: Value, *, strict: bool = False) -> Value:
    """Return 1 where `distance` has reached zero (with `strict`: has passed it), else 0."""
    if isinstance(distance, Symbol):
        return distance.record(Op.SPIKE, distance, attribute=strict)
    library = _library(distance)
    rule = _firing.get()
    if library is not None and library.__name__ == "torch" and rule is not None:
        return rule(distance, strict)
    fires = distance > 0 if strict else distance >= 0
    if library is None:
        return 1.0 if fires else 0.0
    return fires.to(distance.dtype) if library.__name__ == "torch" else fires.astype(distance.dtype)


def exp(value: Value) -> Value:
    """Compute the exponential; float32 on a CPU has the same bits in every language."""
    if isinstance(value, Symbol):
        return value.record(Op.EXP, value)
    library = _library(value)
    if library is None:
        return math.exp(value)
    if library.__name__ == "torch" and value.dtype == library.float32 and value.is_cpu:
        return exponential(value)
    return library.exp(value)


def log(value: Value) -> Value:
    """Compute the natural logarithm; float32 on a CPU has the same bits in every language."""
    if isinstance(value, Symbol):
        return value.record(Op.LOG, value)
    library = _library(value)
    if library is None:
        return math.log(value)
    if library.__name__ == "torch" and value.dtype == library.float32 and value.is_cpu:
        return logarithm(value)
    return library.log(value)


def sigmoid(value: Value) -> Value:
    """Compute the logistic function."""
    return 1 / (1 + exp(-value))


def detach(value: Value) -> Value:
    """Return the same value, but let no gradient flow back through it."""
    if isinstance(value, Symbol):
        return value.record(Op.DETACH, value)
    return value.detach() if hasattr(value, "detach") else value


def minimum(first: Value, second: Value) -> Value:
    """Return the smaller of the two."""
    symbol = _symbol(first, second)
    if symbol is not None:
        return symbol.record(Op.MINIMUM, first, second)
    return select(first < second, first, second)


def maximum(first: Value, second: Value) -> Value:
    """Return the larger of the two."""
    symbol = _symbol(first, second)
    if symbol is not None:
        return symbol.record(Op.MAXIMUM, first, second)
    return select(first > second, first, second)


def absolute(value: Value) -> Value:
    """Return the absolute value."""
    if isinstance(value, Symbol):
        return value.record(Op.ABSOLUTE, value)
    return select(value >= 0, value, -value)


# The function of each operation of float equations, for `evaluate`.
TABLE: dict[Op, Callable[..., Value]] = {
    Op.ADD: operator.add,
    Op.SUBTRACT: operator.sub,
    Op.MULTIPLY: operator.mul,
    Op.DIVIDE: operator.truediv,
    Op.NEGATE: operator.neg,
    Op.MINIMUM: minimum,
    Op.MAXIMUM: maximum,
    Op.ABSOLUTE: absolute,
    Op.EXP: exp,
    Op.LOG: log,
    Op.DETACH: detach,
    Op.GREATER: operator.gt,
    Op.GREATER_EQUAL: operator.ge,
    Op.SELECT: select,
    Op.SPIKE: lambda distance, strict: spike(distance, strict=strict),
}
