"""Equations split in two: the part without states, known for all steps at once, and the rest."""

from __future__ import annotations

from dataclasses import dataclass

from snncore.dynamics.equations import Equations, needed
from snncore.dynamics.expression import Op, Operation


@dataclass(frozen=True)
class Hoisted:
    """`before` runs once on whole sequences; its results are the inputs of `step`."""

    before: tuple[Operation, ...]
    results: tuple[int, ...]
    step: Equations


def hoisted(equations: Equations) -> Hoisted:
    """Split equations into two parts that together compute the whole."""
    operations = equations.operations
    stateless: list[bool] = []
    varies: list[bool] = []
    for operation in operations:
        stateless.append(operation.op != Op.STATE and all(stateless[arg] for arg in operation.args))
        varies.append(operation.op == Op.INPUT or any(varies[arg] for arg in operation.args))
    readers = [arg for n, op in enumerate(operations) if not stateless[n] for arg in op.args]
    read = {*readers, *equations.next_states, equations.output}
    results = tuple(sorted(n for n in read if stateless[n] and varies[n]))
    names = {number: f"_{index}" for index, number in enumerate(results)}
    changed = tuple(
        Operation(Op.INPUT, (), names[n]) if n in names else operation
        for n, operation in enumerate(operations)
    )
    remaining, places = needed(changed, (*equations.next_states, equations.output))
    inputs = tuple(names.values())
    step = Equations(
        equations.name,
        equations.states,
        inputs,
        equations.parameters,
        remaining,
        places[:-1],
        places[-1],
    )
    return Hoisted(*needed(operations, results), step)
