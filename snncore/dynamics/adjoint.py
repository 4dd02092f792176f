"""One step backwards: reverse mode over its operations, derived and never written by hand.

Conventions: a spike has its surrogate's slope; a choice by a spike is a switch between two values,
so the spike's slope counts with their difference; a choice by a comparison, and what `detach`
marks, pass nothing back; gradients look through what rounds and wraps, and end where a value clips.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from snncore.dynamics.equations import Equations, needed
from snncore.dynamics.expression import Op, Operation, Recorder, Symbol
from snncore.dynamics.words import select

# From the distance to the threshold to the slope, in the words of equations.
Slope = Callable[[Any], Any]
SPIKE = "spike"


@dataclass(frozen=True)
class Adjoint:
    """From a step's leaves and the gradients of its results to the gradients of its leaves.

    `gradients` names what comes in: each state's next value, then the spike. `results` are the
    operations that hold the gradient of each leaf that has one, by the leaf's name.
    """

    operations: tuple[Operation, ...]
    gradients: tuple[str, ...]
    results: tuple[tuple[str, int], ...]


def gradient_name(result: str) -> str:
    """Return the name of the incoming gradient of a state's next value, or of the spike."""
    return f"grad_{result}"


def adjoint(equations: Equations, slope: Slope) -> Adjoint:
    """Derive the adjoint of a step whose spikes have this surrogate slope.

    Raises:
        ValueError: if an operation has no derivative.
    """
    recorder = Recorder()
    values = _forward(equations, recorder)
    flowing: dict[int, Any] = {}
    names = tuple(gradient_name(name) for name in (*equations.states, SPIKE))
    for name, number in zip(names, (*equations.next_states, equations.output), strict=True):
        incoming = Symbol(recorder, recorder.add(Op.INPUT, attribute=name))
        flowing[number] = flowing[number] + incoming if number in flowing else incoming
    for number in reversed(range(len(equations.operations))):
        if number in flowing:
            _pass_back(equations, number, values, flowing, slope)
    leaves = {
        str(operation.attribute): flowing[number].index
        for number, operation in enumerate(equations.operations)
        if operation.op in (Op.STATE, Op.INPUT, Op.PARAMETER) and number in flowing
    }
    operations, places = needed(tuple(recorder.operations), tuple(leaves.values()))
    return Adjoint(operations, names, tuple(zip(leaves, places, strict=True)))


def _forward(equations: Equations, recorder: Recorder) -> list[Symbol]:
    """Record the step's values once more."""
    values: list[Symbol] = []
    for operation in equations.operations:
        args = [values[arg].index for arg in operation.args]
        number = recorder.add(operation.op, *args, attribute=operation.attribute)
        values.append(Symbol(recorder, number))
    return values


def _pass_back(
    equations: Equations,
    number: int,
    values: list[Symbol],
    flowing: dict[int, Any],
    slope: Slope,
) -> None:
    operation = equations.operations[number]
    arguments = [values[arg] for arg in operation.args]
    incoming = flowing[number]
    if operation.op == Op.SPIKE:
        shares: tuple[Any, ...] = (incoming * slope(arguments[0]),)
    elif operation.op == Op.SELECT:
        shares = _through_choice(equations, operation, arguments, incoming)
    elif operation.op in _THROUGH:
        shares = (_THROUGH[operation.op](incoming, arguments[0], operation.attribute),)
    elif operation.op in _RULES:
        shares = _RULES[operation.op](incoming, values[number], *arguments)
    else:
        raise ValueError(f"{equations.name}: {operation.op.value} has no derivative")
    for arg, share in zip(operation.args, shares, strict=True):
        if share is not None and equations.operations[arg].op != Op.CONSTANT:
            flowing[arg] = flowing[arg] + share if arg in flowing else share


def _through_choice(
    equations: Equations, operation: Operation, arguments: list[Any], incoming: Any
) -> tuple[Any, ...]:
    condition, chosen, other = arguments
    by_spike = equations.operations[operation.args[0]].op == Op.SPIKE
    return (
        incoming * (chosen - other) if by_spike else None,
        select(condition, incoming, 0.0),
        select(condition, 0.0, incoming),
    )


def _within(incoming: Any, value: Any, limits: tuple[int, int]) -> Any:
    low, high = limits
    return select(value < low, 0.0, select(value > high, 0.0, incoming))


# Of integers: incoming gradient, argument and attribute, to the share of the argument.
_THROUGH: Mapping[Op, Callable[..., Any]] = {
    Op.SHIFT_LEFT: lambda g, x, bits: g * float(1 << bits),
    Op.SHIFT_FLOOR: lambda g, x, bits: g * 2.0**-bits,
    Op.SHIFT_TO_ZERO: lambda g, x, bits: g * 2.0**-bits,
    Op.SCALE_TO_ZERO: lambda g, x, ratio: g * (ratio[0] / 2.0 ** ratio[1]),
    Op.WRAP: lambda g, x, bits: g,
    Op.WRAP_ONCE: lambda g, x, bits: g,
    Op.CLIP: _within,
}
# Incoming gradient, the operation's value, its arguments: the share of each argument.
_RULES: Mapping[Op, Callable[..., tuple[Any, ...]]] = {
    Op.STATE: lambda g, y: (),
    Op.INPUT: lambda g, y: (),
    Op.PARAMETER: lambda g, y: (),
    Op.CONSTANT: lambda g, y: (),
    Op.DETACH: lambda g, y, a: (None,),
    Op.GREATER: lambda g, y, a, b: (None, None),
    Op.GREATER_EQUAL: lambda g, y, a, b: (None, None),
    Op.ADD: lambda g, y, a, b: (g, g),
    Op.SUBTRACT: lambda g, y, a, b: (g, -g),
    Op.MULTIPLY: lambda g, y, a, b: (g * b, g * a),
    Op.DIVIDE: lambda g, y, a, b: (g / b, -(g * y) / b),
    Op.NEGATE: lambda g, y, a: (-g,),
    Op.EXP: lambda g, y, a: (g * y,),
    Op.LOG: lambda g, y, a: (g / a,),
    Op.ABSOLUTE: lambda g, y, a: (select(a >= 0, g, -g),),
    Op.MINIMUM: lambda g, y, a, b: (select(a < b, g, 0.0), select(a < b, 0.0, g)),
    Op.MAXIMUM: lambda g, y, a, b: (select(a > b, g, 0.0), select(a > b, 0.0, g)),
}
