"""Equations printed as source: a dialect is a table, and every operation is one assignment."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from types import CodeType
from typing import Any

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import LEAVES, Op, Operation
from snncore.dynamics.text import temporary


@dataclass(frozen=True)
class Dialect:
    """A language's spelling of each operation.

    {0} {1} {2} are arguments and {a} is the constant; wraps also know {half} of their range, a
    clip its {low} and {high}, a scaling its {numerator}, {bits} and {ratio}, and a spike the
    {comparison} with zero.
    """

    name: str
    spelling: Mapping[Op, str]
    # The same for an argument {0} that nobody reads afterwards and that has the result's type.
    in_place: Mapping[Op, str] = field(default_factory=dict)


def render(equations: Equations, dialect: Dialect) -> str:
    """Print the step as a Python function of a dialect: states, inputs and parameters by name.

    Raises:
        ValueError: if the dialect has no word for an operation.
    """
    arguments = (*equations.states, *equations.inputs, *equations.parameters)
    results = (*equations.next_states, equations.output)
    return render_function("step", arguments, equations.operations, results, dialect)


def render_function(
    name: str,
    arguments: Sequence[str],
    operations: Sequence[Operation],
    results: Sequence[int],
    dialect: Dialect,
) -> str:
    """Print operations as a function that returns some of them.

    Raises:
        ValueError: if the dialect has no word for an operation.
    """
    lines = [f"def {name}({', '.join(arguments)}):"]
    last_use = _last_uses(operations, results)
    full = _full(operations)
    letter = temporary(arguments)
    names: list[str] = []
    for number, operation in enumerate(operations):
        if operation.op in (Op.STATE, Op.INPUT, Op.PARAMETER):
            names.append(str(operation.attribute))
        elif operation.op == Op.CONSTANT:
            names.append(repr(operation.attribute))
        else:
            values = [names[arg] for arg in operation.args]
            names.append(f"{letter}{number}")
            free = _is_free(number, operation, operations, last_use, full)
            lines.append(f"    {names[-1]} = {_spelled(dialect, operation, values, free)}")
    # With a comma behind each, none and one are tuples too.
    lines.append(f"    return ({' '.join(f'{names[number]},' for number in results)})")
    return "\n".join(lines) + "\n"


def _last_uses(operations: Sequence[Operation], results: Sequence[int]) -> dict[int, int]:
    uses = {arg: number for number, op in enumerate(operations) for arg in op.args}
    return uses | dict.fromkeys(results, len(operations))


def _full(operations: Sequence[Operation]) -> list[bool]:
    """Return the values with the layer's shape: those that depend on a state or an input."""
    full: list[bool] = []
    for operation in operations:
        leaf = operation.op in (Op.STATE, Op.INPUT)
        full.append(leaf or any(full[arg] for arg in operation.args))
    return full


def _is_free(
    number: int,
    operation: Operation,
    operations: Sequence[Operation],
    last_use: Mapping[int, int],
    full: Sequence[bool],
) -> bool:
    """Return whether the result may overwrite the value that the operation reads."""
    # A choice changes what it keeps where the condition does not hold.
    target = operation.args[-1 if operation.op == Op.SELECT else 0]
    fresh = operations[target].op not in LEAVES and operations[target].op not in _BOOLEAN
    return fresh and full[target] and last_use[target] == number


_BOOLEAN = frozenset({Op.GREATER, Op.GREATER_EQUAL, Op.SPIKE})


def assignments(
    operations: Sequence[Operation],
    dialect: Dialect,
    leaf: Callable[[Operation], str],
    pattern: str,
) -> tuple[list[str], list[str]]:
    """Print one assignment per operation by a pattern of {name} and {value}; return all names too.

    Raises:
        ValueError: if the dialect has no word for an operation.
    """
    lines: list[str] = []
    names: list[str] = []
    for number, operation in enumerate(operations):
        if operation.op in LEAVES:
            names.append(leaf(operation))
            continue
        values = [names[arg] for arg in operation.args]
        value = _spelled(dialect, operation, values, free=False)
        names.append(f"t{number}")
        lines.append(pattern.format(name=names[-1], value=value))
    return lines, names


def _spelled(dialect: Dialect, operation: Operation, values: list[str], free: bool) -> str:
    op = operation.op
    template = dialect.in_place.get(op) if free else None
    template = template or dialect.spelling.get(op)
    if template is None:
        raise ValueError(f"the dialect {dialect.name} has no word for {op.value}")
    return template.format(*values, **constants_of(operation))


def constants_of(operation: Operation) -> dict[str, Any]:
    """Return the numbers in the spelling of an operation, by their names in a dialect."""
    op, attribute = operation.op, operation.attribute
    if op == Op.CLIP and isinstance(attribute, tuple):
        return {"low": attribute[0], "high": attribute[1]}
    if op == Op.SCALE_TO_ZERO and isinstance(attribute, tuple):
        numerator, bits = attribute
        return {"numerator": numerator, "bits": bits, "ratio": repr(numerator * 2.0**-bits)}
    if op in (Op.WRAP, Op.WRAP_ONCE) and isinstance(attribute, int):
        return {"a": attribute, "half": 1 << (attribute - 1)}
    if op == Op.SPIKE:
        return {"a": attribute, "comparison": ">" if attribute else ">="}
    return {"a": attribute}


def compile_step(
    source: str, names: Mapping[str, Any], function: str = "step"
) -> Callable[..., Any]:
    """Compile the function that the source defines, and keep its text for debuggers and tracebacks.

    Raises:
        ValueError: if an argument has the name of a function that the source calls.
    """
    filename = f"<neuron step {sha256(source.encode()).hexdigest()[:12]}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope: dict[str, Any] = dict(names)
    exec(_compiled(source, filename), scope)
    step: Callable[..., Any] = scope[function]
    hidden = sorted(set(names) & set(inspect.signature(step).parameters))
    if hidden:
        raise ValueError(f"{hidden[0]}: generated code has a function of this name (rename it)")
    return step


@lru_cache(maxsize=512)
def _compiled(source: str, filename: str) -> CodeType:
    """Return the code of a source, which the layers of a network and its runs share."""
    code: CodeType = compile(source, filename, "exec")
    return code
