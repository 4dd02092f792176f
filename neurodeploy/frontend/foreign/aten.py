"""The operations that torch traces, as the words in which equations are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from neurodeploy.errors import UnsupportedLayerError
from snncore.dynamics import absolute, exp, log, maximum, minimum, select, sigmoid, spike


@dataclass(frozen=True)
class Condition:
    """A comparison, which counts as zero or one where a number is needed."""

    more: Any
    less: Any
    strict: bool

    def chooses(self) -> Any:
        """Return the comparison as a choice takes it."""
        return self.more > self.less if self.strict else self.more >= self.less

    def number(self) -> Any:
        """Return one where the comparison holds, else zero."""
        return spike(self.more - self.less, strict=self.strict)


def word(target: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Return what an operation of torch's makes of symbols.

    Raises:
        UnsupportedLayerError: if the language of equations lacks it; names it.
    """
    name = str(target).removeprefix("aten.").split(".")[0]
    function = _WORDS.get(name)
    if function is None:
        raise UnsupportedLayerError(
            f"{name} is not a word of equations",
            remedy="use + - * /, comparisons, minimum, maximum, exp, log and sigmoid",
        )
    if name not in ("where", "_to_copy"):
        args = tuple(_number(value) for value in args)
    return function(*args, **options)


def _number(value: Any) -> Any:
    return value.number() if isinstance(value, Condition) else value


def _compared(strict: bool, swapped: bool) -> Callable[..., Condition]:
    def compare(first: Any, second: Any) -> Condition:
        more, less = (second, first) if swapped else (first, second)
        return Condition(more, less, strict)

    return compare


def _add(first: Any, second: Any, alpha: float = 1) -> Any:
    return first + (second if alpha == 1 else second * alpha)


def _subtract(first: Any, second: Any, alpha: float = 1) -> Any:
    return first - (second if alpha == 1 else second * alpha)


def _rounded(first: Any, second: Any, rounding_mode: str | None = None) -> Any:
    if rounding_mode is not None:
        raise UnsupportedLayerError("a quotient that is rounded is not a word of equations")
    return first / second


def _where(condition: Any, first: Any, second: Any) -> Any:
    chosen = condition.chooses() if isinstance(condition, Condition) else condition
    return select(chosen, _number(first), _number(second))


def _as_number(value: Any, **options: Any) -> Any:
    kind = options.get("dtype")
    if kind is not None and not (kind.is_floating_point or kind == torch.bool):
        raise UnsupportedLayerError(f"a change of numbers to {kind} is not a word of equations")
    return value if kind == torch.bool else _number(value)


def _clamp(value: Any, low: Any = None, high: Any = None) -> Any:
    value = value if low is None else maximum(value, low)
    return value if high is None else minimum(value, high)


def _step(value: Any, at_zero: Any) -> Any:
    if at_zero not in (0, 1):
        raise UnsupportedLayerError("a step that is neither 0 nor 1 at zero")
    return spike(value, strict=at_zero == 0)


def _same(value: Any, *others: Any, **options: Any) -> Any:
    return value


_WORDS: dict[str, Callable[..., Any]] = {
    "add": _add,
    "sub": _subtract,
    "rsub": lambda first, second, alpha=1: _subtract(second, first, alpha),
    "mul": lambda first, second: first * second,
    "div": _rounded,
    "neg": lambda value: -value,
    "reciprocal": lambda value: 1.0 / value,
    "exp": exp,
    "log": log,
    "abs": absolute,
    "sigmoid": sigmoid,
    "maximum": maximum,
    "minimum": minimum,
    "relu": lambda value: maximum(value, 0.0),
    "clamp": _clamp,
    "clamp_min": _clamp,
    "clamp_max": lambda value, high: minimum(value, high),
    "gt": _compared(True, False),
    "ge": _compared(False, False),
    "lt": _compared(True, True),
    "le": _compared(False, True),
    "where": _where,
    "heaviside": _step,
    "_to_copy": _as_number,
    "zeros_like": lambda *value, **options: 0.0,
    "ones_like": lambda *value, **options: 1.0,
    "full_like": lambda value, number, **options: float(number),
    "new_zeros": lambda *value, **options: 0.0,
    **dict.fromkeys(("clone", "detach", "alias", "expand", "view_as", "lift_fresh_copy"), _same),
}
