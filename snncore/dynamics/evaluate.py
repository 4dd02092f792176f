"""The evaluation of equations, one operation after another, with any table of operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import Op, Operation

Table = Mapping[Op, Callable[..., Any]]


def evaluate(
    equations: Equations,
    table: Table,
    states: Mapping[str, Any],
    inputs: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> tuple[dict[str, Any], Any]:
    """Return the next states by name, and the spike.

    Raises:
        KeyError: if a value is missing.
        ValueError: if the table does not have an operation; names it.
    """
    leaves = {Op.STATE: states, Op.INPUT: inputs, Op.PARAMETER: parameters}
    values = carried_out(equations.operations, table, leaves)
    names = zip(equations.states, equations.next_states, strict=True)
    return {state: values[number] for state, number in names}, values[equations.output]


def carried_out(
    operations: Sequence[Operation], table: Table, leaves: Mapping[Op, Mapping[str, Any]]
) -> list[Any]:
    """Return the value of each operation; `leaves` maps states, inputs and parameters to values.

    Raises:
        KeyError: if a value is missing.
        ValueError: if the table does not have an operation; names it.
    """
    values: list[Any] = []
    for operation in operations:
        if operation.op in leaves:
            values.append(leaves[operation.op][str(operation.attribute)])
        elif operation.op == Op.CONSTANT:
            values.append(operation.attribute)
        else:
            arguments = [values[arg] for arg in operation.args]
            if operation.attribute is not None:
                arguments.append(operation.attribute)
            if operation.op not in table:
                raise ValueError(f"the operation {operation.op} cannot be evaluated here")
            values.append(table[operation.op](*arguments))
    return values
