"""The words equations are written in; each acts on what it is given: symbols, tensors or arrays.

No numerical library is imported here: a tensor or an array brings its own, which is loaded already.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from snncore.dynamics.expression import Op, Symbol

# Symbol, torch.Tensor, numpy.ndarray or a number: each word says what it does with which.
Value = Any
FiringRule = Callable[[Value, bool], Value]

_firing: ContextVar[FiringRule | None] = ContextVar("firing", default=None)


@contextmanager
def firing(rule: FiringRule) -> Iterator[None]:
    """Within this block `spike` on a tensor is `rule`, which brings its own gradient."""
    token = _firing.set(rule)
    try:
        yield
    finally:
        _firing.reset(token)


def _symbol(*values: Value) -> Symbol | None:
    return next((value for value in values if isinstance(value, Symbol)), None)


def _library(*values: Value) -> ModuleType | None:
    for value in values:
        root = type(value).__module__.partition(".")[0]
        if root in ("torch", "numpy"):
            return sys.modules[root]
    return None


def select(condition: Value, chosen: Value, other: Value) -> Value:
    """`chosen` where the condition holds (a comparison, or a spike), else `other`."""
    symbol = _symbol(condition, chosen, other)
    if symbol is not None:
        return symbol.record(Op.SELECT, condition, chosen, other)
    library = _library(condition, chosen, other)
    if library is None:
        return chosen if condition else other
    spikes = condition
    if hasattr(condition, "dtype") and condition.dtype != library.bool:
        condition = condition > 0
    if library.__name__ == "torch":
        # A number keeps the tensor's type: a float scalar must not promote float16.
        sample = chosen if hasattr(chosen, "dtype") else other
        chosen, other = (
            v
            if hasattr(v, "dtype")
            else library.full((), v, dtype=sample.dtype, device=sample.device)
            for v in (chosen, other)
        )
        if getattr(spikes, "requires_grad", False):
            # Between two values a spike is a switch, whose slope is their difference.
            switch = (spikes - spikes.detach()) * (chosen - other).detach()
            return library.where(condition, chosen, other) + switch
    return library.where(condition, chosen, other)


def spike(distance: Value, *, strict: bool = False) -> Value:
    """1 where `distance` has reached zero (with `strict`: has passed it), else 0."""
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
    """The exponential."""
    if isinstance(value, Symbol):
        return value.record(Op.EXP, value)
    library = _library(value)
    return math.exp(value) if library is None else library.exp(value)


def log(value: Value) -> Value:
    """The natural logarithm."""
    if isinstance(value, Symbol):
        return value.record(Op.LOG, value)
    library = _library(value)
    return math.log(value) if library is None else library.log(value)


def sigmoid(value: Value) -> Value:
    """The logistic curve."""
    return 1 / (1 + exp(-value))


def detach(value: Value) -> Value:
    """The same value, through which no gradient flows back."""
    if isinstance(value, Symbol):
        return value.record(Op.DETACH, value)
    return value.detach() if hasattr(value, "detach") else value


def minimum(first: Value, second: Value) -> Value:
    """The smaller of the two."""
    symbol = _symbol(first, second)
    if symbol is not None:
        return symbol.record(Op.MINIMUM, first, second)
    return select(first < second, first, second)


def maximum(first: Value, second: Value) -> Value:
    """The larger of the two."""
    symbol = _symbol(first, second)
    if symbol is not None:
        return symbol.record(Op.MAXIMUM, first, second)
    return select(first > second, first, second)


def absolute(value: Value) -> Value:
    """The size without the sign."""
    if isinstance(value, Symbol):
        return value.record(Op.ABSOLUTE, value)
    return abs(value)
