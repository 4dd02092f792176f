"""The torch type that carries a layer's integers exactly: the narrowest for its ranges."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from neurodeploy.errors import ValidationError
from neurodeploy.program import Neuron
from neurodeploy.program.ranges import LayerRange
from snncore.dynamics import Equations, Op
from snncore.dynamics.printing.render import Dialect, compile_step, render, render_function
from snncore.dynamics.remembered import remembered
from snncore.dynamics.rewriting.hoist import hoisted
from snncore.dynamics.rewriting.simplify import simplified

_COMMON = {
    Op.ADD: "{0} + {1}",
    Op.SUBTRACT: "{0} - {1}",
    Op.MULTIPLY: "{0} * {1}",
    Op.NEGATE: "-{0}",
    Op.MINIMUM: "minimum({0}, {1})",
    Op.MAXIMUM: "maximum({0}, {1})",
    Op.ABSOLUTE: "abs({0})",
    Op.GREATER: "spike({0} - {1}, True)",
    Op.GREATER_EQUAL: "spike({0} - {1}, False)",
    Op.SELECT: "select({0}, {1}, {2})",
    Op.SPIKE: "spike({0}, {a})",
    Op.CLIP: "clamp({0}, {low}, {high})",
    Op.WRAP_ONCE: "wrap_once({0}, {half})",
}
_IN_PLACE = {
    Op.ADD: "{0}.add_({1})",
    Op.SUBTRACT: "{0}.sub_({1})",
    Op.MULTIPLY: "{0}.mul_({1})",
    Op.CLIP: "{0}.clamp_({low}, {high})",
    Op.SELECT: "select_in_place({0}, {1}, {2})",
    Op.SPIKE: "spike_in_place({0}, {a})",
}

_FLOAT = Dialect(
    "torch.float",
    _COMMON
    | {
        Op.SHIFT_LEFT: "{0} * (1 << {a})",
        Op.SHIFT_FLOOR: "floor({0} * 2.0 ** -{a})",
        Op.SHIFT_TO_ZERO: "whole({0} * 2.0 ** -{a})",
        Op.SCALE_TO_ZERO: "whole({0} * {ratio})",
        Op.WRAP: "remainder({0} + {half}, 2 * {half}) - {half}",
    },
    _IN_PLACE,
)
_INTEGER = Dialect(
    "torch.int64",
    _COMMON
    | {
        Op.SHIFT_LEFT: "{0} << {a}",
        Op.SHIFT_FLOOR: "{0} >> {a}",
        Op.SHIFT_TO_ZERO: "to_zero({0}, {a})",
        Op.SCALE_TO_ZERO: "to_zero({0} * {numerator}, {bits})",
        Op.WRAP: "(({0} + {half}) & (2 * {half} - 1)) - {half}",
    },
    _IN_PLACE,
)

# The largest magnitude that each type holds exactly, with room for one more addition.
_CARRIERS = (
    (1 << 24, torch.float32, _FLOAT),
    (1 << 53, torch.float64, _FLOAT),
    (1 << 62, torch.int64, _INTEGER),
)


def exact_matmul_type(bound: int) -> torch.dtype:
    """Return the float type in which sums of this size are exact in any order.

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
    """Return the layer's step in the narrowest type that its ranges allow.

    Raises:
        ValidationError: if no type holds them.
    """
    equations = simplified(node.integer_equations, proved.operations)
    largest = max(value.largest() for value in proved.operations)
    wide = [(kind, dialect) for limit, kind, dialect in _CARRIERS if 2 * largest < limit]
    if not wide:
        raise ValidationError(f"{node.name}: a value may reach {largest}, which no type holds")
    return _carried(equations, wide[0][0])


@remembered
def _carried(equations: Equations, kind: torch.dtype) -> CarriedStep:
    """Return the step of simplified equations in a type."""
    dialect = next(dialect for _, carrier, dialect in _CARRIERS if carrier == kind)
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
    if not isinstance(condition, torch.Tensor):
        selected = chosen if condition else other
        # An operation that works in place on the choice must not change the chosen value.
        return selected.clone() if isinstance(selected, torch.Tensor) else selected
    if not isinstance(chosen, torch.Tensor) and chosen == 0:
        # The condition is 0 or 1: this is faster than a mask, and as exact.
        if isinstance(other, torch.Tensor):
            return torch.addcmul(other, other, condition, value=-1)
        return other - other * condition
    if not isinstance(chosen, torch.Tensor) and not isinstance(other, torch.Tensor):
        # Between two numbers, torch would choose the type itself.
        return other + (chosen - other) * condition
    return torch.where(condition > 0, chosen, other)


def _select_in_place(condition: Any, chosen: Any, other: Any) -> Any:
    if isinstance(condition, torch.Tensor) and not isinstance(chosen, torch.Tensor) and chosen == 0:
        return other.addcmul_(other, condition, value=-1)
    return _select(condition, chosen, other)


def _minimum(x: Any, y: Any) -> Any:
    if isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor):
        return torch.minimum(x, y)
    return torch.clamp(x, max=y) if isinstance(x, torch.Tensor) else torch.clamp(y, max=x)


def _maximum(x: Any, y: Any) -> Any:
    if isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor):
        return torch.maximum(x, y)
    return torch.clamp(x, min=y) if isinstance(x, torch.Tensor) else torch.clamp(y, min=x)


def _spike(distance: Any, strict: bool) -> Any:
    """Return a spike on whole numbers: the distance clipped to 0..1."""
    reached = distance if strict else distance + 1
    if not isinstance(reached, torch.Tensor):
        return min(max(reached, 0), 1)
    return torch.clamp(reached, 0, 1)


def _spike_in_place(distance: torch.Tensor, strict: bool) -> torch.Tensor:
    return (distance if strict else distance.add_(1)).clamp_(0, 1)


class _Buffers(threading.local):
    """A reusable buffer of each size for temporary values; fresh memory would be cleared first."""

    def __init__(self) -> None:
        self.buffers: dict[tuple[Any, ...], torch.Tensor] = {}


_buffers = _Buffers()


def _scratch(like: torch.Tensor) -> torch.Tensor:
    key = (like.shape, like.dtype, like.device)
    if key not in _buffers.buffers:
        if len(_buffers.buffers) > 8:
            _buffers.buffers.clear()
        _buffers.buffers[key] = torch.empty_like(like)
    return _buffers.buffers[key]


def _whole(x: torch.Tensor) -> torch.Tensor:
    """Return x rounded toward zero; for some types much faster than trunc, and as exact."""
    return x.sub_(torch.frac(x, out=_scratch(x)))


def _to_zero(x: torch.Tensor, bits: int) -> torch.Tensor:
    # A negative number gets an addend that turns the floor into the ceiling.
    return (x + ((x >> 63) & ((1 << bits) - 1))) >> bits


def _wrap_once(x: Any, half: int) -> Any:
    down = torch.where(x > half, x - 2 * half, x)
    return torch.where(x <= -half, x + 2 * half, down)


_NAMES = {
    "minimum": _minimum,
    "maximum": _maximum,
    "abs": torch.abs,
    "floor": torch.floor,
    "clamp": torch.clamp,
    "remainder": torch.remainder,
    "select": _select,
    "select_in_place": _select_in_place,
    "spike": _spike,
    "spike_in_place": _spike_in_place,
    "whole": _whole,
    "to_zero": _to_zero,
    "wrap_once": _wrap_once,
}
