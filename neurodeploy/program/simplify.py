"""Equations without what their ranges prove idle: wraps that never wrap, sums that add nothing."""

from __future__ import annotations

from snncore.dynamics import Equations, Op
from snncore.dynamics.equations import prune
from snncore.dynamics.expression import LEAVES, Operation, Recorder

Bounds = tuple[tuple[int, int], ...]


def simplified(equations: Equations, bounds: Bounds) -> Equations:
    """The same results for every value within the bounds of each operation.

    1. An operation with a single possible value is that constant.
    2. A wrap or clip whose argument is within its limits is the argument.
    3. Adding or subtracting zero is the argument.
    """
    recorder = Recorder()
    new: list[int] = []
    for number, operation in enumerate(equations.operations):
        low, high = bounds[number]
        if operation.op not in LEAVES and low == high:
            new.append(recorder.add(Op.CONSTANT, attribute=low))
        elif (kept := _idle(equations, operation, bounds)) is not None:
            new.append(new[kept])
        else:
            args = [new[arg] for arg in operation.args]
            new.append(recorder.add(operation.op, *args, attribute=operation.attribute))
    return prune(
        Equations(
            equations.name,
            equations.states,
            equations.inputs,
            equations.parameters,
            tuple(recorder.operations),
            tuple(new[result] for result in equations.next_states),
            new[equations.output],
        )
    )


def _idle(equations: Equations, operation: Operation, bounds: Bounds) -> int | None:
    """The argument that the operation only repeats, if it does."""
    args = operation.args
    if operation.op in (Op.ADD, Op.SUBTRACT):
        if bounds[args[1]] == (0, 0):
            return args[0]
        return args[1] if operation.op == Op.ADD and bounds[args[0]] == (0, 0) else None
    limits = _limits(operation)
    if limits and limits[0] <= bounds[args[0]][0] and bounds[args[0]][1] <= limits[1]:
        return args[0]
    return None


def _limits(operation: Operation) -> tuple[int, int] | None:
    if operation.op == Op.CLIP and isinstance(operation.attribute, tuple):
        return operation.attribute
    if operation.op in (Op.WRAP, Op.WRAP_ONCE) and isinstance(operation.attribute, int):
        half = 1 << (operation.attribute - 1)
        return (-half, half - 1) if operation.op == Op.WRAP else (1 - half, half)
    return None
