"""Equations as text: the documentation of a neuron, and what two programs are compared by."""

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import LEAVES, Op, Operation

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
    """One assignment a line, results last."""
    names: list[str] = []
    lines = []
    for number, operation in enumerate(equations.operations):
        if operation.op in LEAVES:
            value = operation.attribute
            names.append(f"{value:g}" if isinstance(value, float | int) else str(value))
            continue
        names.append(f"t{number}")
        lines.append(f"t{number} = {_right_side(operation, names)}")
    results = zip(equations.states, equations.next_states, strict=True)
    lines += [f"{state}' = {names[number]}" for state, number in results]
    lines.append(f"s = {names[equations.output]}")
    return "\n".join(lines)


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
