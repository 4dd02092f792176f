"""The one walk that every rewriting of equations makes: operation by operation, into new ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from snncore.dynamics.equations import Equations, prune
from snncore.dynamics.expression import Op, Operation, Recorder

# Given the new operations so far, an operation's number, itself, and what it reads there.
Rule = Callable[[Recorder, int, Operation, list[int]], int]


def copied(recorder: Recorder, operation: Operation, args: list[int]) -> int:
    """Record an operation as it is."""
    return recorder.add(operation.op, *args, attribute=operation.attribute)


def rebuilt(equations: Equations, rule: Rule) -> Equations:
    """Return the equations with each operation replaced by what the rule records for it.

    Parameters that are no longer read are left out, and new ones follow in the order of their use.
    """
    recorder, new = Recorder(), list[int]()
    for number, operation in enumerate(equations.operations):
        new.append(rule(recorder, number, operation, [new[arg] for arg in operation.args]))
    names = dict.fromkeys(
        str(each.attribute) for each in recorder.operations if each.op == Op.PARAMETER
    )
    pruned = prune(
        replace(
            equations,
            parameters=tuple(names),
            operations=tuple(recorder.operations),
            next_states=tuple(new[number] for number in equations.next_states),
            output=new[equations.output],
        )
    )
    read = {each.attribute for each in pruned.operations if each.op == Op.PARAMETER}
    before = [name for name in equations.parameters if name in read]
    after = [name for name in names if name in read and name not in before]
    return replace(pruned, parameters=(*before, *after))


def unused_name(name: str, equations: Equations, more: tuple[str, ...] = ()) -> str:
    """Return a name that the equations do not use yet."""
    used = {*equations.states, *equations.inputs, *equations.parameters, *more, "s"}
    while name in used:
        name += "_"
    return name
