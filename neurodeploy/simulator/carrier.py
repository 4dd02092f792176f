"""Which torch type carries a layer's integers exactly: the narrowest that the ranges allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from neurodeploy.errors import ValidationError
from neurodeploy.program import Neuron
from neurodeploy.program.ranges import LayerRange
from snncore.dynamics import Op
from snncore.dynamics.render import Dialect, compile_step, render
from snncore.dynamics.simplify import simplified

_COMMON = {
    Op.ADD: "{0} + {1}",
    Op.SUBTRACT: "{0} - {1}",
    Op.MULTIPLY: "{0} * {1}",
    Op.NEGATE: "-{0}",
    Op.MINIMUM: "minimum({0}, {1})",
    Op.MAXIMUM: "maximum({0}, {1})",
    Op.ABSOLUTE: "abs({0})",
    Op.GREATER: "{0} > {1}",
    Op.GREATER_EQUAL: "{0} >= {1}",
    Op.SELECT: "select({0}, {1}, {2})",
    Op.SPIKE: "fires({0}, {a})",
}


def _integer_dialect(bits: int) -> Dialect:
    shifts = {
        Op.SHIFT_LEFT: "{0} << {a}",
        Op.SHIFT_FLOOR: "{0} >> {a}",
        # A negative number gets what makes the floor the ceiling.
        Op.SHIFT_TO_ZERO: f"({{0}} + (({{0}} >> {bits - 1}) & ((1 << {{a}}) - 1))) >> {{a}}",
        Op.WRAP: "(({0} + {half}) & (2 * {half} - 1)) - {half}",
        Op.WRAP_ONCE: "wrap_once({0}, {half})",
    }
    return Dialect(f"torch.int{bits}", _COMMON | shifts, "clamp({0}, {low}, {high})")


_FLOAT = Dialect(
    "torch.float",
    _COMMON
    | {
        Op.SHIFT_LEFT: "{0} * (1 << {a})",
        Op.SHIFT_FLOOR: "floor({0} * 2.0 ** -{a})",
        Op.SHIFT_TO_ZERO: "trunc({0} * 2.0 ** -{a})",
        Op.WRAP: "remainder({0} + {half}, 2 * {half}) - {half}",
        Op.WRAP_ONCE: "wrap_once({0}, {half})",
    },
    "clamp({0}, {low}, {high})",
)

# Largest magnitude that each type holds exactly, with room for one more addition.
_CARRIERS = (
    (1 << 24, torch.float32, _FLOAT),
    (1 << 31, torch.int32, _integer_dialect(32)),
    (1 << 53, torch.float64, _FLOAT),
    (1 << 62, torch.int64, _integer_dialect(64)),
)


def exact_matmul_type(bound: int) -> torch.dtype:
    """The float type in which sums of this size are exact in any order.

    Raises:
        ValidationError: if no float type holds them.
    """
    for limit, kind in ((1 << 24, torch.float32), (1 << 53, torch.float64)):
        if bound < limit:
            return kind
    raise ValidationError(f"a sum may reach {bound}, which no float type holds exactly")


def neuron_step(node: Neuron, proved: LayerRange) -> tuple[Callable[..., Any], torch.dtype, str]:
    """The layer's step as a torch function, the type it runs in, and its source."""
    equations = simplified(node.integer_equations, proved.operations)
    largest = max(value.largest() for value in proved.operations)
    kind, dialect = next((k, d) for limit, k, d in _CARRIERS if 2 * largest < limit)
    source = render(equations, dialect)
    return compile_step(source, _NAMES), kind, source


def _select(condition: Any, chosen: Any, other: Any) -> Any:
    if isinstance(condition, int | bool):
        return chosen if condition else other
    fired = condition if condition.dtype == torch.bool else condition > 0
    if chosen == 0 if isinstance(chosen, int) else False:
        return other.masked_fill(fired, 0)
    return torch.where(fired, chosen, other)


def _fires(distance: Any, strict: bool) -> Any:
    return distance > 0 if strict else distance >= 0


def _wrap_once(x: Any, half: int) -> Any:
    down = torch.where(x > half, x - 2 * half, x)
    return torch.where(x <= -half, x + 2 * half, down)


_NAMES = {
    "minimum": torch.minimum,
    "maximum": torch.maximum,
    "abs": torch.abs,
    "floor": torch.floor,
    "trunc": torch.trunc,
    "clamp": torch.clamp,
    "remainder": torch.remainder,
    "select": _select,
    "fires": _fires,
    "wrap_once": _wrap_once,
}
