"""Expressions of parameters that only floats can compute, each replaced by one parameter.

1. A division by such an expression is a product with its inverse.
2. The largest expressions that divide, or take an exponential or a logarithm, become parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from snncore.dynamics.equations import Equations, needed
from snncore.dynamics.evaluate import carried_out
from snncore.dynamics.expression import Op, Operation, Recorder
from snncore.dynamics.rewriting.rebuild import copied, rebuilt, unused_name
from snncore.dynamics.words import TABLE

_FLOATING = frozenset({Op.DIVIDE, Op.EXP, Op.LOG})


@dataclass(frozen=True)
class Folded:
    """Equations whose parameters are numbers of the float equations, or computed from them."""

    equations: Equations
    # By name of a new parameter: the operations that compute it, the last one its value.
    computed: Mapping[str, tuple[Operation, ...]]

    def values(self, floats: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter's value, from those of the float equations."""
        return {
            name: carried_out(self.computed[name], TABLE, {Op.PARAMETER: floats})[-1]
            if name in self.computed
            else floats[name]
            for name in self.equations.parameters
        }

    def sources(self, name: str) -> tuple[str, ...]:
        """Return the float equations' parameters that a parameter is computed from."""
        return _read(self.computed[name]) if name in self.computed else (name,)


def folded(equations: Equations) -> Folded:
    """Return equations in which no parameters are divided or exponentiated by one another."""
    inverted = _inverted(equations)
    operations, fixed = inverted.operations, _fixed(inverted)
    floating: list[bool] = []
    for operation, alone in zip(operations, fixed, strict=True):
        within = operation.op in _FLOATING or any(floating[arg] for arg in operation.args)
        floating.append(alone and within)
    results = (*inverted.next_states, inverted.output)
    read = {arg for n, each in enumerate(operations) if not fixed[n] for arg in each.args}
    computed: dict[str, tuple[Operation, ...]] = {}
    names: dict[int, str] = {}
    for number in sorted(read | set(results)):
        if floating[number]:
            part, _ = needed(operations, (number,))
            name = unused_name(_spelled(part), equations, tuple(computed))
            computed[name], names[number] = part, name

    def rule(recorder: Recorder, number: int, operation: Operation, args: list[int]) -> int:
        if number in names:
            return recorder.add(Op.PARAMETER, attribute=names[number])
        return copied(recorder, operation, args)

    return Folded(rebuilt(inverted, rule), computed)


def _inverted(equations: Equations) -> Equations:
    """Return the equations with divisions by parameters as products with their inverse."""
    fixed = _fixed(equations)

    def rule(recorder: Recorder, number: int, operation: Operation, args: list[int]) -> int:
        if operation.op != Op.DIVIDE or fixed[number] or not fixed[operation.args[1]]:
            return copied(recorder, operation, args)
        one = recorder.add(Op.CONSTANT, attribute=1.0)
        inverse = recorder.add(Op.DIVIDE, one, args[1])
        return recorder.add(Op.MULTIPLY, args[0], inverse)

    return replace(rebuilt(equations, rule), parameters=equations.parameters)


def _fixed(equations: Equations) -> list[bool]:
    """Return for each operation whether only parameters and constants decide its value."""
    fixed: list[bool] = []
    for operation in equations.operations:
        leaf = operation.op in (Op.PARAMETER, Op.CONSTANT)
        fixed.append(leaf or (bool(operation.args) and all(fixed[a] for a in operation.args)))
    return fixed


def _spelled(operations: tuple[Operation, ...]) -> str:
    """Return a name for a computed parameter: `per_tau` for an inverse, `from_a_b` for others."""
    names, last = _read(operations), operations[-1]
    words = "_".join(names) or "numbers"
    inverse = last.op == Op.DIVIDE and operations[last.args[1]].op == Op.PARAMETER
    one = inverse and operations[last.args[0]].attribute == 1.0
    return f"per_{words}" if one else f"from_{words}"


def _read(operations: tuple[Operation, ...]) -> tuple[str, ...]:
    return tuple(str(each.attribute) for each in operations if each.op == Op.PARAMETER)
