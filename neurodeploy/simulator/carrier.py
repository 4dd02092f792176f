"""Which torch type carries a layer's integers exactly: the narrowest that the ranges allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from neurodeploy.errors import ValidationError
from neurodeploy.program import Neuron
from neurodeploy.program.ranges import LayerRange
from snncore.dynamics import Op
from snncore.dynamics.hoist import hoisted
from snncore.dynamics.render import Dialect, compile_step, render, render_function
from snncore.dynamics.simplify import simplified, without_surrogates

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
    Op.CLIP: "clamp({0}, {low}, {high})",
    Op.WRAP_ONCE: "wrap_once({0}, {half})",
}
_IN_PLACE = {
    Op.ADD: "{0}.add_({1})",
    Op.SUBTRACT: "{0}.sub_({1})",
    Op.MULTIPLY: "{0}.mul_({1})",
    Op.CLIP: "{0}.clamp_({low}, {high})",
    Op.SELECT: "select_in_place({0}, {1}, {2})",
}


def _integer_dialect(bits: int) -> Dialect:
    # A negative number gets what makes the floor the ceiling.
    to_zero = f"({{0}} + (({{0}} >> {bits - 1}) & ((1 << {{a}}) - 1))) >> {{a}}"
    shifts = {
        Op.SHIFT_LEFT: "{0} << {a}",
        Op.SHIFT_FLOOR: "{0} >> {a}",
        Op.SHIFT_TO_ZERO: to_zero,
        Op.SCALE_TO_ZERO: f"scale_to_zero({{0}}, {{numerator}}, {{bits}}, {bits - 1})",
        Op.WRAP: "(({0} + {half}) & (2 * {half} - 1)) - {half}",
    }
    return Dialect(f"torch.int{bits}", _COMMON | shifts, _IN_PLACE)


_FLOAT = Dialect(
    "torch.float",
    _COMMON
    | {
        Op.SHIFT_LEFT: "{0} * (1 << {a})",
        Op.SHIFT_FLOOR: "floor({0} * 2.0 ** -{a})",
        Op.SHIFT_TO_ZERO: "trunc({0} * 2.0 ** -{a})",
        Op.SCALE_TO_ZERO: "({0} * {ratio}).trunc_()",
        Op.WRAP: "remainder({0} + {half}, 2 * {half}) - {half}",
    },
    _IN_PLACE,
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


@dataclass(frozen=True)
class CarriedStep:
    """A layer's step in torch: `prepare` for whole sequences, then `step` for each step."""

    prepare: Callable[..., Any]
    step: Callable[..., Any]
    kind: torch.dtype
    source: str


def carried_step(node: Neuron, proved: LayerRange) -> CarriedStep:
    """The layer's step in the narrowest type that its ranges allow."""
    equations = without_surrogates(simplified(node.integer_equations, proved.operations))
    largest = max(value.largest() for value in proved.operations)
    kind, dialect = next((k, d) for limit, k, d in _CARRIERS if 2 * largest < limit)
    parts = hoisted(equations)
    arguments = (*equations.inputs, *equations.parameters)
    prepare = render_function("prepare", arguments, parts.before, parts.results, dialect)
    step = render(parts.step, dialect)
    return CarriedStep(
        compile_step(prepare, _NAMES, "prepare"),
        compile_step(step, _NAMES),
        kind,
        f"{prepare}\n{step}",
    )


def _select(condition: Any, chosen: Any, other: Any) -> Any:
    if isinstance(condition, int | bool):
        return chosen if condition else other
    fired = condition if condition.dtype == torch.bool else condition > 0
    if isinstance(chosen, int | float) and isinstance(other, torch.Tensor):
        return other.masked_fill(fired, chosen)
    return torch.where(fired, chosen, other)


def _select_in_place(condition: Any, chosen: Any, other: Any) -> Any:
    if isinstance(chosen, int | float) and getattr(condition, "dtype", None) == torch.bool:
        return other.masked_fill_(condition, chosen)
    return _select(condition, chosen, other)


def _scale_to_zero(x: torch.Tensor, numerator: int, bits: int, sign: int) -> torch.Tensor:
    product = x * numerator
    return product.add_((product >> sign).bitwise_and_((1 << bits) - 1)).bitwise_right_shift_(bits)


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
    "select_in_place": _select_in_place,
    "scale_to_zero": _scale_to_zero,
    "fires": _fires,
    "wrap_once": _wrap_once,
}
