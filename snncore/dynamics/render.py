"""Equations printed as source: a dialect is a table, and every operation is one assignment."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import Op


@dataclass(frozen=True)
class Dialect:
    """How a language spells each operation; {0} {1} {2} are arguments, {a} is the constant."""

    name: str
    spelling: Mapping[Op, str]
    clip: str


def render(equations: Equations, dialect: Dialect) -> str:
    """The step as a Python function of that dialect: states, inputs and parameters by name.

    Raises:
        ValueError: if the dialect has no word for an operation.
    """
    arguments = (*equations.states, *equations.inputs, *equations.parameters)
    lines = [f"def step({', '.join(arguments)}):"]
    names: list[str] = []
    for number, operation in enumerate(equations.operations):
        if operation.op in (Op.STATE, Op.INPUT, Op.PARAMETER):
            names.append(str(operation.attribute))
        elif operation.op == Op.CONSTANT:
            names.append(repr(operation.attribute))
        else:
            values = [names[arg] for arg in operation.args]
            names.append(f"t{number}")
            lines.append(
                f"    t{number} = {_spelled(dialect, operation.op, values, operation.attribute)}"
            )
    results = [names[number] for number in (*equations.next_states, equations.output)]
    lines.append(f"    return {', '.join(results)}")
    return "\n".join(lines) + "\n"


def _spelled(dialect: Dialect, op: Op, values: list[str], attribute: Any) -> str:
    if op == Op.CLIP:
        low, high = attribute
        return dialect.clip.format(*values, low=low, high=high)
    if op not in dialect.spelling:
        raise ValueError(f"the dialect {dialect.name} has no word for {op.value}")
    return dialect.spelling[op].format(*values, a=attribute, half=_half(op, attribute))


def _half(op: Op, attribute: Any) -> int:
    wraps = op in (Op.WRAP, Op.WRAP_ONCE)
    return 1 << (attribute - 1) if wraps else 0


def compile_step(source: str, names: Mapping[str, Any]) -> Callable[..., Any]:
    """The function that the source defines, with its text kept for debuggers and tracebacks."""
    filename = f"<neuron step {sha256(source.encode()).hexdigest()[:12]}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope: dict[str, Any] = dict(names)
    exec(compile(source, filename, "exec"), scope)
    step: Callable[..., Any] = scope["step"]
    return step
