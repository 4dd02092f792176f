"""Equations with several inputs that only count as a sum, as equations of that one sum."""

from __future__ import annotations

from dataclasses import replace

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import Op, Operation, Recorder
from snncore.dynamics.rewriting.rebuild import copied, rebuilt

# How often a value adds each input.
Counts = tuple[int, ...]


def with_one_input(equations: Equations) -> Equations:
    """Return equations whose first input is the sum of all of them.

    Numbers compute the same in whatever order they are added; floats may round otherwise.

    Raises:
        ValueError: if an input counts without the others; names it.
    """
    inputs = equations.inputs
    if len(inputs) == 1:
        return equations
    counts = _counts(equations)
    for number in (*equations.next_states, equations.output):
        _require_even(equations, counts[number])
    others = {
        number
        for number, each in enumerate(equations.operations)
        if each.op == Op.INPUT and each.attribute != inputs[0]
    }

    def rule(recorder: Recorder, number: int, operation: Operation, args: list[int]) -> int:
        if number in others:
            return recorder.add(Op.CONSTANT, attribute=0.0)
        left_out = [arg in others for arg in operation.args]
        if operation.op == Op.ADD and any(left_out):
            return args[left_out.index(True) - 1]
        if operation.op == Op.SUBTRACT and left_out == [False, True]:
            return args[0]
        return copied(recorder, operation, args)

    joined = rebuilt(equations, rule)
    return replace(joined, inputs=inputs[:1])


def _counts(equations: Equations) -> list[Counts]:
    """Return how often every operation adds each input.

    Raises:
        ValueError: if one reads an input in another way without the others.
    """
    none = (0,) * len(equations.inputs)
    counts: list[Counts] = []
    for operation in equations.operations:
        read = [counts[arg] for arg in operation.args]
        if operation.op == Op.INPUT:
            counts.append(tuple(int(each == operation.attribute) for each in equations.inputs))
        elif operation.op in (Op.ADD, Op.SUBTRACT):
            sign = 1 if operation.op == Op.ADD else -1
            counts.append(tuple(a + sign * b for a, b in zip(*read, strict=True)))
        else:
            for each in read:
                _require_even(equations, each)
            counts.append(none)
    return counts


def _require_even(equations: Equations, counts: Counts) -> None:
    for name, count in zip(equations.inputs, counts, strict=True):
        if count != counts[0]:
            raise ValueError(
                f"{equations.name}: its input {name} counts without {equations.inputs[0]} (add the "
                "inputs wherever the equations read one)"
            )
