"""C++ for a neuron: the time loop written by hand, the step and its adjoint generated into it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from snncore.dynamics import Equations, Op
from snncore.dynamics.adjoint import SPIKE, Adjoint, Slope, adjoint, gradient_name
from snncore.dynamics.equations import needed
from snncore.dynamics.expression import Operation
from snncore.dynamics.render import Dialect, assignments
from snncore.kernels.cpp_text import LOOPS, PREAMBLE

CPP = Dialect(
    "C++",
    {
        Op.ADD: "{0} + {1}",
        Op.SUBTRACT: "{0} - {1}",
        Op.MULTIPLY: "{0} * {1}",
        Op.DIVIDE: "{0} / {1}",
        Op.NEGATE: "-{0}",
        Op.MINIMUM: "{0} < {1} ? {0} : {1}",
        Op.MAXIMUM: "{0} > {1} ? {0} : {1}",
        Op.ABSOLUTE: "{0} >= 0 ? {0} : -{0}",
        Op.EXP: "exponential({0})",
        Op.LOG: "std::log({0})",
        Op.DETACH: "{0}",
        Op.GREATER: "{0} > {1}",
        Op.GREATER_EQUAL: "{0} >= {1}",
        Op.SELECT: "{0} > 0 ? {1} : {2}",
        Op.SPIKE: "real({0} {comparison} 0)",
    },
)


@dataclass(frozen=True)
class Form:
    """What of a kernel is fixed when it is compiled: the type, and which parameters are arrays."""

    double: bool
    varied: tuple[str, ...]
    learned: tuple[str, ...]


def cpp_source(equations: Equations, slope: Slope, form: Form) -> str:
    """The source of `forward` and `backward` for these equations.

    Raises:
        ValueError: if an operation has no word in C++, or no derivative.
    """
    back = adjoint(equations, slope)
    names = _names(equations, form)
    silent, places = needed(equations.operations, equations.next_states)
    parts = {
        "REAL": "double" if form.double else "float",
        "STATES": str(len(equations.states)),
        "INPUTS": str(len(equations.inputs)),
        "LEARNED": str(len(form.learned)),
        "SLOTS": str(max(1, len(form.learned))),
        "TILE": str(_tile(len(equations.states))),
        "PARAMETERS": _parameters(equations, form),
        "READ_INPUTS": "\n".join(
            f"const real *__restrict input{i} = inputs[{i}] + t * size + first;"
            for i in range(len(equations.inputs))
        ),
        "WRITE_INPUTS": "\n".join(
            f"real *__restrict grad_input{i} = grad_inputs[{i}] + t * size + first;"
            for i in range(len(equations.inputs))
        ),
        "FORWARD": _forward(equations.operations, equations, names),
        "ADVANCE": _advance(silent, places, names),
        "ADJOINT": _backward(back, equations, form, names),
    }
    text = PREAMBLE + LOOPS
    for key, value in parts.items():
        text = text.replace(f"@{key}@", value)
    return text


def _tile(states: int) -> int:
    """So many neurons that the states of a chunk of steps stay in the first cache."""
    return max(32, 256 >> max(0, (states - 1).bit_length()))


def _names(equations: Equations, form: Form) -> dict[tuple[Op, str], str]:
    """How a leaf is spelled where neuron i of a tile is computed."""
    names = {(Op.STATE, n): f"state[{k}][i]" for k, n in enumerate(equations.states)}
    names |= {(Op.INPUT, n): f"input{k}[i]" for k, n in enumerate(equations.inputs)}
    names |= {
        (Op.INPUT, gradient_name(n)): f"flowing[{k}][i]" for k, n in enumerate(equations.states)
    }
    names[Op.INPUT, gradient_name(SPIKE)] = "incoming[i]"
    return names | {
        (Op.PARAMETER, n): f"parameter{k}[i]" if n in form.varied else f"parameter{k}"
        for k, n in enumerate(equations.parameters)
    }


def _parameters(equations: Equations, form: Form) -> str:
    """One number for all neurons, or an array that has one for each."""
    lines = []
    for k, name in enumerate(equations.parameters):
        if name in form.varied:
            lines.append(f"const real *__restrict parameter{k} = parameters[{k}] + first;")
        else:
            lines.append(f"const real parameter{k} = *parameters[{k}];")
    return "\n".join(lines)


def _leaf(names: dict[tuple[Op, str], str]) -> Callable[[Operation], str]:
    def spelled(operation: Operation) -> str:
        if operation.op == Op.CONSTANT:
            return f"real({_number(operation.attribute)})"
        return names[operation.op, str(operation.attribute)]

    return spelled


def _number(value: Any) -> str:
    return repr(float(value)).replace("inf", "INFINITY")


def _statements(
    operations: Sequence[Operation], names: dict[tuple[Op, str], str]
) -> tuple[list[str], list[str]]:
    return assignments(operations, CPP, _leaf(names), "const auto {name} = {value};")


def _forward(
    operations: Sequence[Operation], equations: Equations, names: dict[tuple[Op, str], str]
) -> str:
    lines, values = _statements(operations, names)
    return _stored(lines, [values[n] for n in equations.next_states], "state") + (
        f"\nfired[i] = real({values[equations.output]});"
    )


def _advance(
    operations: Sequence[Operation], places: Sequence[int], names: dict[tuple[Op, str], str]
) -> str:
    lines, values = _statements(operations, names)
    return _stored(lines, [values[n] for n in places], "state")


def _stored(lines: list[str], results: Collection[str], target: str) -> str:
    # All are read before one is written: a next state may be another state.
    lines = [*lines, *(f"const real next{k} = {value};" for k, value in enumerate(results))]
    lines += [f"{target}[{k}][i] = next{k};" for k in range(len(results))]
    return "\n".join(lines)


def _backward(
    back: Adjoint, equations: Equations, form: Form, names: dict[tuple[Op, str], str]
) -> str:
    kept = names | {
        (Op.STATE, n): f"kept[k][{number}][i]" for number, n in enumerate(equations.states)
    }
    lines, values = _statements(back.operations, kept)
    found = {name: values[number] for name, number in back.results}
    lines += [
        f"grad_input{k}[i] = real({found.get(name, '0')});"
        for k, name in enumerate(equations.inputs)
    ]
    lines += [
        f"learned[{k}][i] += real({found[name]});"
        for k, name in enumerate(form.learned)
        if name in found
    ]
    return _stored(lines, [f"real({found.get(n, '0')})" for n in equations.states], "flowing")
