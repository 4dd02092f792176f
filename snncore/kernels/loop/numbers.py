"""Constants of integer equations as parameters, so that networks of one structure share kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snncore.dynamics import Equations, Op
from snncore.dynamics.expression import Operation, Recorder
from snncore.dynamics.remembered import remembered


def largest_number(operation: Operation) -> int:
    """Return the largest number in the spelling of an operation."""
    attribute = operation.attribute
    if operation.op == Op.CLIP and isinstance(attribute, tuple):
        return max(map(abs, attribute))
    shifts = (Op.SHIFT_LEFT, Op.SHIFT_FLOOR, Op.SHIFT_TO_ZERO, Op.WRAP, Op.WRAP_ONCE)
    return 1 << attribute if operation.op in shifts and isinstance(attribute, int) else 0


@remembered
def without_numbers(equations: Equations) -> tuple[Equations, Mapping[str, int]]:
    """Replace each constant with a parameter; return the equations and the parameters' values."""
    prefix = "number"
    while any(name.startswith(prefix) for name in equations.parameters):
        prefix += "_"
    recorder, numbers = Recorder(), dict[str, int]()
    new: dict[int, int] = {}

    def number(value: Any) -> int:
        name = f"{prefix}{len(numbers)}"
        numbers[name] = int(value)
        return recorder.add(Op.PARAMETER, attribute=name)

    def placed(old: int) -> int:
        # Numbered where they are read first, so that equal structures are numbered alike.
        if old not in new:
            new[old] = number(equations.operations[old].attribute)
        return new[old]

    for index, operation in enumerate(equations.operations):
        if operation.op == Op.CONSTANT:
            continue
        args = [placed(arg) for arg in operation.args]
        op, attribute = operation.op, operation.attribute
        if op == Op.SCALE_TO_ZERO and isinstance(attribute, tuple):
            args = [recorder.add(Op.MULTIPLY, args[0], number(attribute[0]))]
            op, attribute = Op.SHIFT_TO_ZERO, attribute[1]
        new[index] = recorder.add(op, *args, attribute=attribute)
    next_states = tuple(placed(result) for result in equations.next_states)
    output = placed(equations.output)
    changed = Equations(
        equations.name,
        equations.states,
        equations.inputs,
        (*equations.parameters, *numbers),
        tuple(recorder.operations),
        next_states,
        output,
    )
    return changed, numbers
