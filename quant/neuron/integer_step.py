"""The step that training runs: the chip's integer equations on floats that hold integers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import torch

from quant.grid import straight_through as ste
from quant.grid.exact import EXACT
from snncore.dynamics import Equations, NumberSystem, Op, to_integers
from snncore.dynamics.arithmetic.interval import Interval, invariant, step_intervals
from snncore.dynamics.printing.render import Dialect, compile_step, render
from snncore.dynamics.rewriting.simplify import simplified

TRAINING = Dialect(
    "torch.float64 with straight-through gradients",
    {
        Op.ADD: "{0} + {1}",
        Op.SUBTRACT: "{0} - {1}",
        Op.MULTIPLY: "{0} * {1}",
        Op.NEGATE: "-{0}",
        Op.MINIMUM: "minimum({0}, {1})",
        Op.MAXIMUM: "maximum({0}, {1})",
        Op.ABSOLUTE: "abs({0})",
        Op.GREATER: "holds({0} > {1})",
        Op.GREATER_EQUAL: "holds({0} >= {1})",
        Op.SELECT: "select({0}, {1}, {2})",
        Op.SPIKE: "fires({0}, {a})",
        Op.DETACH: "detach({0})",
        Op.SHIFT_LEFT: "{0} * (1 << {a})",
        Op.SHIFT_FLOOR: "shift_floor({0}, {a})",
        Op.SHIFT_TO_ZERO: "shift_to_zero({0}, {a})",
        Op.SCALE_TO_ZERO: "scale_to_zero({0}, {ratio})",
        Op.WRAP: "wrap({0}, {half})",
        Op.WRAP_ONCE: "wrap_once({0}, {half})",
        Op.CLIP: "clamp({0}, {low}, {high})",
    },
)

_NAMES: dict[str, Any] = {
    "minimum": ste.minimum,
    "maximum": ste.maximum,
    "holds": ste.holds,
    "abs": torch.abs,
    "clamp": torch.clamp,
    "select": ste.select,
    "detach": ste.detach,
    "shift_floor": ste.shift_floor,
    "shift_to_zero": ste.shift_to_zero,
    "scale_to_zero": ste.scale_to_zero,
    "wrap": ste.wrap,
    "wrap_once": ste.wrap_once,
}

Bound = tuple[str, int, int]


class BoundedStep(NamedTuple):
    """Equations in a number system, for inputs and parameters within bounds."""

    equations: Equations
    system: NumberSystem
    drive: float
    bounds: tuple[Bound, ...]


@lru_cache(maxsize=512)
def training_equations(
    equations: Equations, system: NumberSystem, drive: int, bounds: tuple[Bound, ...]
) -> Equations:
    """Return the chip's integer equations without the wraps that these bounds exclude.

    Raises:
        ValueError: if a value may be beyond exact floats.
    """
    integers = to_integers(equations, system, keep_detached=True)
    operations = _intervals(integers, drive, bounds)
    largest = max(value.largest() for value in operations)
    if largest >= EXACT:
        raise ValueError(
            f"{equations.name}: a value may reach {largest}, beyond exact floats (use smaller "
            "weights, or fewer bits)"
        )
    return _shared(simplified(integers, operations, keep_gradients=True))


@lru_cache(maxsize=512)
def reached(
    equations: Equations, system: NumberSystem, drive: int, bounds: tuple[Bound, ...]
) -> int:
    """Return the largest integer of a training step, inputs counted to halves included."""
    integers = training_equations(equations, system, drive, bounds)
    largest = 2 * drive
    for operation, value in zip(
        integers.operations, _intervals(integers, drive, bounds), strict=True
    ):
        largest = max(largest, value.largest())
        if operation.op == Op.SCALE_TO_ZERO and isinstance(operation.attribute, tuple):
            source = _intervals(integers, drive, bounds)[operation.args[0]]
            largest = max(largest, source.largest() * operation.attribute[0])
    return largest


def _intervals(integers: Equations, drive: int, bounds: tuple[Bound, ...]) -> tuple[Interval, ...]:
    inputs = dict.fromkeys(integers.inputs, Interval(-drive, drive))
    parameters = {name: Interval(low, high) for name, low, high in bounds}
    return invariant(integers, inputs, parameters)[1]


@lru_cache(maxsize=512)
def largest_sent(equations: Equations, system: NumberSystem) -> int:
    """Return the largest size of the output in any state, for any input and parameters."""
    return max(1, sent_range(equations, system).largest())


@lru_cache(maxsize=512)
def sent_range(equations: Equations, system: NumberSystem) -> Interval:
    """Return the range of the output in any state, for any input and parameters."""
    integers = to_integers(equations, system)
    states = {name: Interval(*system.state(name).limits) for name in integers.states}
    anything = Interval(-(1 << 62), 1 << 62)
    inputs = dict.fromkeys(integers.inputs, anything)
    parameters = dict.fromkeys(integers.parameters, anything)
    _, operations = step_intervals(integers, states, inputs, parameters)
    return operations[integers.output]


@lru_cache(maxsize=512)
def _shared(equations: Equations) -> Equations:
    """Return one object for equal equations, so that lookups need not compare them."""
    return equations


def training_step(
    equations: Equations,
    system: NumberSystem,
    drive: float,
    bounds: tuple[Bound, ...],
    fires: Callable[[Any, bool], Any],
) -> Callable[..., Any]:
    """Return the step for inputs of at most `drive`, without the wraps that they cannot reach."""
    proved = training_equations(equations, system, enclosing(drive), bounds)
    return compile_step(render(proved, TRAINING), _NAMES | {"fires": fires})


def enclosing(value: float) -> int:
    """Return a power of two above the value, so that there are few different steps."""
    return 1 << int(value).bit_length()
