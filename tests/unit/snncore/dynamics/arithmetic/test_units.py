"""The quantities of a neuron that count like its inputs follow from its equations alone."""

from collections.abc import Callable
from typing import Any

import pytest

from snncore.dynamics import absolute, exp, maximum, minimum, select, spike, trace
from snncore.dynamics.arithmetic.units import constant, units


def units_of(step: Callable[..., Any], *states: str, **parameters: int) -> dict[str, int]:
    return units(trace(step, states=states, parameters=tuple(parameters), name="N"))


def leaky(v: Any, x: Any, *, decay: Any, threshold: Any) -> Any:
    h = decay * v + x
    s = spike(h - threshold)
    return select(s, 0.0, h), s


def adaptive(v: Any, a: Any, x: Any, *, decay: Any, threshold: Any, jump: Any, forget: Any) -> Any:
    h = decay * v + x
    s = spike(h - threshold - jump * a)
    return select(s, h - threshold, h), forget * a + s, s


def bounded(v: Any, x: Any, *, low: Any, high: Any) -> Any:
    h = maximum(minimum(v + absolute(x), high), low)
    s = spike(h - high)
    return -select(s, 0, h), s


def scaled(v: Any, x: Any, *, slope: Any, threshold: Any, tau: Any) -> Any:
    h = v + (x - v) / tau
    s = spike(slope * (h - threshold))
    return select(s, 0.0, h) * exp(-1 / tau), s


@pytest.mark.parametrize(
    ("step", "states", "expected"),
    [
        (leaky, ("v",), {"v": 1, "decay": 0, "threshold": 1}),
        (
            adaptive,
            ("v", "a"),
            {"v": 1, "a": 0, "decay": 0, "threshold": 1, "jump": 1, "forget": 0},
        ),
        (bounded, ("v",), {"v": 1, "low": 1, "high": 1}),
        # Nothing decides what the slope counts in: it is a number.
        (scaled, ("v",), {"v": 1, "slope": 0, "threshold": 1, "tau": 0}),
    ],
)
def test_states_and_parameters_have_units(step: Any, states: Any, expected: Any) -> None:
    names = dict.fromkeys(set(expected) - set(states), 0)
    solved = units_of(step, *states, **names)
    assert {name: solved[name] for name in expected} == expected


def test_a_constant_has_the_unit_of_its_place() -> None:
    def step(v: Any, x: Any) -> Any:
        h = v - 0.5 * v + x
        s = spike(h - 0.5)
        return select(s, 0.0, h), s

    equations = trace(step, states=("v",), parameters=(), name="N")
    solved = {key: unit for key, unit in units(equations).items() if key != "v"}
    assert sorted(solved.values()) == [0, 1]
    places = [
        constant(number, operand)
        for number, operation in enumerate(equations.operations)
        for operand, arg in enumerate(operation.args)
        if equations.operations[arg].attribute == 0.5
    ]
    assert set(places) == set(solved)


def squared(v: Any, x: Any, *, k: Any) -> Any:
    h = v + x + k * v * v
    s = spike(h)
    return select(s, 0.0, h), s


def mixed(v: Any, x: Any) -> Any:
    s = spike(v + x)
    return v + x + s, s


def sends_its_voltage(v: Any, x: Any) -> Any:
    return v + x, v + x


@pytest.mark.parametrize(
    ("step", "parameters", "words"),
    [
        (squared, ("k",), r"N\.k: counts in the unit of the inputs to the power of -1"),
        (mixed, (), "N: one side of 'add' counts in the unit of the inputs, and what it meets"),
        (sends_its_voltage, (), "N: the output counts in the unit of the inputs"),
    ],
)
def test_what_no_scale_is_for_is_named(step: Any, parameters: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        units_of(step, "v", **dict.fromkeys(parameters, 0))
