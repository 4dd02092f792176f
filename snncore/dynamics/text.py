"""Equations as text: the documentation of a neuron, by which two programs are compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from snncore.dynamics.expression import LEAVES, Op, Operation

if TYPE_CHECKING:
    from snncore.dynamics.equations import Equations

_INFIX = {
    Op.ADD: "+",
    Op.SUBTRACT: "-",
    Op.MULTIPLY: "*",
    Op.DIVIDE: "/",
    Op.GREATER: ">",
    Op.GREATER_EQUAL: ">=",
    Op.SHIFT_LEFT: "<<",
}


def equations_text(equations: Equations) -> str:
    """Write one assignment per line, results last."""
    letter = temporary((*equations.states, *equations.inputs, *equations.parameters))
    names: list[str] = []
    lines = []
    for number, operation in enumerate(equations.operations):
        if operation.op in LEAVES:
            value: Any = operation.attribute
            is_integer = isinstance(value, float) and value.is_integer()
            names.append(str(int(value) if is_integer else value))
            continue
        names.append(f"{letter}{number}")
        lines.append(f"{names[-1]} = {_right_side(operation, names)}")
    results = zip(equations.states, equations.next_states, strict=True)
    lines += [f"{state}' = {names[number]}" for state, number in results]
    lines.append(f"s = {names[equations.output]}")
    return "\n".join(lines)


def temporary(names: Sequence[str]) -> str:
    """Return a prefix that, with a number, is not a name of the equations."""
    letter = "t"
    while any(name.startswith(letter) and name[len(letter) :].isdigit() for name in names):
        letter += "_"
    return letter


def _right_side(operation: Operation, names: list[str]) -> str:
    args = [names[arg] for arg in operation.args]
    if operation.op in _INFIX:
        second = args[1] if len(args) > 1 else str(operation.attribute)
        return f"{args[0]} {_INFIX[operation.op]} {second}"
    if operation.op == Op.SPIKE:
        return f"spike({args[0]} {'>' if operation.attribute else '>='} 0)"
    if operation.op == Op.NEGATE:
        return f"-{args[0]}"
    if operation.attribute is not None:
        args.append(str(operation.attribute))
    return f"{operation.op.value}({', '.join(args)})"
