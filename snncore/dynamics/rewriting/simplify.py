"""Equations without operations that ranges prove idle: wraps that never wrap, sums of zero."""

from __future__ import annotations

from collections.abc import Sequence

from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.equations import Equations, prune
from snncore.dynamics.expression import LEAVES, Op, Operation, Recorder
from snncore.dynamics.remembered import remembered


def simplified(
    equations: Equations, bounds: Sequence[Interval], *, keep_gradients: bool = False
) -> Equations:
    """Simplify equations without changing a result for any value within the operations' bounds.

    Gradients stay the same if `keep_gradients`: a neuron that cannot fire yet still learns to.

    1. An operation with a single possible value is that constant.
    2. A wrap or clip whose argument is within its limits is the argument.
    3. Adding or subtracting zero is the argument.
    4. A product with a constant that is shifted back at once is one scaling.
    """
    return _simplified(equations, tuple(bounds), keep_gradients)


@remembered
def _simplified(
    equations: Equations, bounds: tuple[Interval, ...], keep_gradients: bool
) -> Equations:
    """Return the simpler equations; every engine and every file of a network asks for them."""
    recorder = Recorder()
    single = _single_values(equations, bounds, keep_gradients)
    new: list[int] = []
    for number, operation in enumerate(equations.operations):
        if operation.op not in LEAVES and single[number] is not None:
            new.append(recorder.add(Op.CONSTANT, attribute=single[number]))
        elif (passed := _idle(operation, bounds, single)) is not None:
            new.append(new[passed])
        else:
            fused = _fused(equations, operation, single)
            args = [new[arg] for arg in fused.args]
            new.append(recorder.add(fused.op, *args, attribute=fused.attribute))
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


def leaves_format(equations: Equations, bounds: Sequence[Interval], op: Op) -> Interval | None:
    """Return the values beyond its limits that a wrap or clip of this kind may meet, or None."""
    for operation in equations.operations:
        if operation.op == op:
            limits, value = _limits(operation), bounds[operation.args[0]]
            if limits is not None and not value.within(limits):
                return value
    return None


def _single_values(
    equations: Equations, bounds: Sequence[Interval], keep_gradients: bool
) -> list[int | None]:
    """Return the values of operations that have only one and carry no gradient."""
    values: list[int | None] = []
    for operation, bound in zip(equations.operations, bounds, strict=True):
        read = [values[arg] for arg in operation.args]
        nothing = operation.op in (Op.PARAMETER, Op.CONSTANT) or (read and None not in read)
        nothing = nothing or (operation.op == Op.MULTIPLY and 0 in read)
        single = bound.low == bound.high and (nothing or not keep_gradients)
        values.append(bound.low if single else None)
    return values


def _fused(equations: Equations, operation: Operation, single: Sequence[int | None]) -> Operation:
    """Merge the operation with the one that it reads, or return None."""
    if not operation.args:
        return operation
    before = equations.operations[operation.args[0]]
    if operation.op == Op.SHIFT_TO_ZERO and before.op == Op.MULTIPLY:
        for constant, other in (before.args, before.args[::-1]):
            numerator = single[constant]
            if numerator is not None and isinstance(operation.attribute, int):
                return Operation(Op.SCALE_TO_ZERO, (other,), (numerator, operation.attribute))
    return operation


def _idle(
    operation: Operation, bounds: Sequence[Interval], single: Sequence[int | None]
) -> int | None:
    """Return the argument that the operation passes on unchanged, or None."""
    args = operation.args
    if operation.op in (Op.ADD, Op.SUBTRACT):
        if single[args[1]] == 0:
            return args[0]
        return args[1] if operation.op == Op.ADD and single[args[0]] == 0 else None
    limits = _limits(operation)
    if limits is not None and bounds[args[0]].within(limits):
        return args[0]
    return None


def _limits(operation: Operation) -> Interval | None:
    if operation.op == Op.CLIP and isinstance(operation.attribute, tuple):
        return Interval(*operation.attribute)
    if operation.op in (Op.WRAP, Op.WRAP_ONCE) and isinstance(operation.attribute, int):
        half = 1 << (operation.attribute - 1)
        once = operation.op == Op.WRAP_ONCE
        return Interval(1 - half, half) if once else Interval(-half, half - 1)
    return None
