"""States as their distance from where they start, so that all registers start at zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import Op, Operation, Recorder
from snncore.dynamics.rewriting.rebuild import copied, rebuilt, unused_name


def from_zero(
    equations: Equations, initial: Mapping[str, float]
) -> tuple[Equations, dict[str, float]]:
    """Return equations whose states start at zero, and the parameters that hold their starts."""
    starts = {state: value for state in equations.states if (value := initial.get(state, 0.0))}
    if not starts:
        return equations, {}
    names = {state: unused_name(f"{state}_start", equations) for state in starts}

    def rule(recorder: Recorder, number: int, operation: Operation, args: list[int]) -> int:
        new = copied(recorder, operation, args)
        if operation.op != Op.STATE or operation.attribute not in starts:
            return new
        start = recorder.add(Op.PARAMETER, attribute=names[str(operation.attribute)])
        return recorder.add(Op.ADD, new, start)

    moved = rebuilt(equations, rule)
    recorder = Recorder(list(moved.operations))
    following = list(moved.next_states)
    for position, state in enumerate(equations.states):
        if state in starts:
            start = next(
                number
                for number, each in enumerate(moved.operations)
                if each == Operation(Op.PARAMETER, (), names[state])
            )
            recorder.operations.append(Operation(Op.SUBTRACT, (following[position], start)))
            following[position] = len(recorder.operations) - 1
    result = replace(moved, operations=tuple(recorder.operations), next_states=tuple(following))
    return result, {names[state]: value for state, value in starts.items()}
