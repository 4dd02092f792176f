"""C++ for a neuron: the time loop written by hand, the step and its adjoint generated into it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Any

from snncore.dynamics import Equations, Op
from snncore.dynamics.adjoint import SPIKE, Adjoint, Slope, adjoint, gradient_name
from snncore.dynamics.equations import needed
from snncore.dynamics.expression import LEAVES, Operation
from snncore.dynamics.printing.render import Dialect, assignments
from snncore.kernels.cpp.text import LOOPS, PREAMBLE

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
        Op.LOG: "logarithm({0})",
        Op.DETACH: "{0}",
        Op.GREATER: "{0} > {1}",
        Op.GREATER_EQUAL: "{0} >= {1}",
        Op.SELECT: "{0} > 0 ? {1} : {2}",
        Op.SPIKE: "real({0} {comparison} 0)",
        # Integers that a real holds.
        Op.SHIFT_LEFT: "{0} * real(int64_t(1) << {a})",
        Op.SHIFT_FLOOR: "floored({0} / real(int64_t(1) << {a}))",
        Op.SHIFT_TO_ZERO: "truncated({0} / real(int64_t(1) << {a}))",
        Op.SCALE_TO_ZERO: "truncated({0} * real({ratio}))",
        Op.WRAP: "{0} - floored(({0} + {half}) / real(2.0 * {half})) * real(2.0 * {half})",
        Op.WRAP_ONCE: (
            "{0} > {half} ? {0} - real(2.0 * {half}) : "
            "{0} <= -real({half}) ? {0} + real(2.0 * {half}) : {0}"
        ),
        Op.CLIP: "{0} < {low} ? real({low}) : {0} > {high} ? real({high}) : {0}",
    },
)


@dataclass(frozen=True)
class CppForm:
    """The form of a kernel, fixed when it is compiled: types, and which parameters are arrays."""

    double: bool
    # True if sequences are float64 too.
    double_sequences: bool
    varied: tuple[str, ...]
    learned: tuple[str, ...]


def cpp_source(equations: Equations, slope: Slope, form: CppForm) -> str:
    """Write the source of `forward` and `backward` for these equations.

    Raises:
        ValueError: if an operation has no word in C++, or no derivative.
    """
    back = adjoint(equations, slope)
    names = _names(equations, form)
    parts = {
        "REAL": "double" if form.double else "float",
        "WIRE": "double" if form.double_sequences else "float",
        "STATES": str(len(equations.states)),
        "INPUTS": str(len(equations.inputs)),
        "LEARNED": str(len(form.learned)),
        "SLOTS": str(max(1, len(form.learned))),
        "TILE": str(_tile(len(equations.states), form.double)),
        "PARAMETERS": _parameters(equations, form),
        "READ_INPUTS": "\n".join(
            f"const wire *__restrict input{i} = inputs[{i}] + t * size + first;"
            for i in range(len(equations.inputs))
        ),
        "WRITE_INPUTS": "\n".join(
            f"wire *__restrict grad_input{i} = grad_inputs[{i}] + t * size + first;"
            for i in range(len(equations.inputs))
        ),
    }
    for part, code in {
        "FORWARD": _forward(equations, names),
        "ADVANCE": _advance(equations, names),
        "ADJOINT": _backward(back, equations, form, names),
    }.items():
        parts[f"{part}_FIXED"], parts[part] = code
    return filled(PREAMBLE + LOOPS, parts)


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Replace each @NAME@ in the text, and keep the indentation of one on its own line."""

    def lines(match: re.Match[str]) -> str:
        return indent(parts[match[2]] + "\n", match[1]) if parts[match[2]] else ""

    text = re.sub(r"^( *)@(\w+)@\n", lines, text, flags=re.MULTILINE)
    return re.sub(r"@(\w+)@", lambda match: parts[match[1]], text)


def _tile(states: int, double: bool) -> int:
    """Choose a tile's neurons: its rows are some pages long, and a chunk's states fit the cache."""
    return max(64, 4096 >> max(0, (states - 1).bit_length()) >> int(double))


def _names(equations: Equations, form: CppForm) -> dict[tuple[Op, str], str]:
    """Return the spelling of a leaf in the computation of neuron i of a tile."""
    names = {(Op.STATE, n): f"state[{k}][i]" for k, n in enumerate(equations.states)}
    names |= {(Op.INPUT, n): f"real(input{k}[i])" for k, n in enumerate(equations.inputs)}
    names |= {
        (Op.INPUT, gradient_name(n)): f"flowing[{k}][i]" for k, n in enumerate(equations.states)
    }
    names[Op.INPUT, gradient_name(SPIKE)] = "real(incoming[i])"
    return names | {
        (Op.PARAMETER, n): f"parameter{k}[i]" if n in form.varied else f"parameter{k}"
        for k, n in enumerate(equations.parameters)
    }


def _parameters(equations: Equations, form: CppForm) -> str:
    """Return the declaration of a parameter: one number for all neurons, or an array."""
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


@dataclass(frozen=True)
class _Body:
    """The statements for all neurons at once, and those for each neuron."""

    fixed: list[str]
    each: list[str]
    values: list[str]


def _body(operations: Sequence[Operation], names: dict[tuple[Op, str], str]) -> _Body:
    leaf = _leaf(names)
    lines, values = assignments(operations, CPP, leaf, "const auto {name} = {value};")
    computed = [n for n, operation in enumerate(operations) if operation.op not in LEAVES]
    by_number = dict(zip(computed, lines, strict=True))
    same: list[bool] = []
    for number, operation in enumerate(operations):
        # A leaf that is read by neuron has its place in brackets.
        own = number in by_number or "[" not in values[number]
        same.append(own and all(same[arg] for arg in operation.args))
    return _Body(
        [line for number, line in by_number.items() if same[number]],
        [line for number, line in by_number.items() if not same[number]],
        values,
    )


def _forward(equations: Equations, names: dict[tuple[Op, str], str]) -> tuple[str, str]:
    body = _body(equations.operations, names)
    fired = f"fired[i] = wire({body.values[equations.output]});"
    following = [body.values[number] for number in equations.next_states]
    return _written(body.fixed, _stored([*body.each, fired], following, "state"))


def _advance(equations: Equations, names: dict[tuple[Op, str], str]) -> tuple[str, str]:
    operations, places = needed(equations.operations, equations.next_states)
    body = _body(operations, names)
    return _written(
        body.fixed, _stored(body.each, [body.values[number] for number in places], "state")
    )


def _written(fixed: list[str], each: list[str]) -> tuple[str, str]:
    return "\n".join(fixed), "\n".join(each)


def _stored(lines: list[str], results: Sequence[str], target: str) -> list[str]:
    # All are read before one is written: a next state may be another state.
    lines = [*lines, *(f"const real next{k} = {value};" for k, value in enumerate(results))]
    return lines + [f"{target}[{k}][i] = next{k};" for k in range(len(results))]


def _backward(
    back: Adjoint, equations: Equations, form: CppForm, names: dict[tuple[Op, str], str]
) -> tuple[str, str]:
    kept = names | {
        (Op.STATE, n): f"kept[k][{number}][i]" for number, n in enumerate(equations.states)
    }
    body = _body(back.operations, kept)
    gradients = {name: f"real({body.values[number]})" for name, number in back.results}
    lines = list(body.each)
    for k, name in enumerate(equations.inputs):
        lines.append(f"grad_input{k}[i] = wire({gradients.get(name, '0')});")
    lines += [
        f"learned[{k}][i] += {gradients[name]};"
        for k, name in enumerate(form.learned)
        if name in gradients
    ]
    following = [gradients.get(name, "0") for name in equations.states]
    return _written(body.fixed, _stored(lines, following, "flowing"))
