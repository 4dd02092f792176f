"""Equations and number systems as plain data: read back equal, and refused when damaged."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snncore.dynamics import Equations, Format, NumberSystem, Op, to_integers
from snncore.dynamics.expression import Operation
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI
from tests.unit.damage import damaged
from tests.unit.drawn import Case, cases, number_systems
from tests.unit.snncore.dynamics.test_trace import steps

EQUATIONS = steps() | {"integers": to_integers(CUBA_LIF, LOIHI)}


def through_text(document: Any) -> Any:
    return json.loads(json.dumps(document))


@pytest.mark.parametrize("name", EQUATIONS)
def test_equations_are_read_back(name: str) -> None:
    equations = EQUATIONS[name]
    assert Equations.from_json(through_text(equations.to_json())) == equations


@given(cases())
def test_drawn_integer_equations_are_read_back(case: Case) -> None:
    assert Equations.from_json(through_text(case.integers.to_json())) == case.integers


@given(number_systems())
def test_number_systems_are_read_back(system: NumberSystem) -> None:
    assert NumberSystem.from_json(through_text(system.to_json())) == system


@pytest.mark.parametrize("kind", [Equations, NumberSystem])
@given(st.randoms(use_true_random=False))
def test_damaged_documents_are_refused_or_mean_something(kind: Any, random: Any) -> None:
    original = LOIHI if kind is NumberSystem else CUBA_LIF
    document = damaged(original.to_json(), random)
    try:
        read = kind.from_json(document)
    except ValueError:
        return
    again = kind.from_json(through_text(read.to_json()))
    assert again == read
    if kind is Equations:
        assert read.text()


ODD: dict[str, dict[str, Any]] = {
    "a name that is code": {"states": ("u=print()", "v")},
    "a name that is a keyword": {"inputs": ("lambda",)},
    "a name used twice": {"inputs": ("u",)},
    "a state called as spikes are": {"states": ("s", "v")},
    "a next state missing": {"next_states": (5,)},
    "a result that is none": {"output": 99},
    "a result before the first": {"output": -1},
    "a result that is not a number": {"output": True},
}


@pytest.mark.parametrize("name", ODD)
def test_ill_formed_equations_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"CubaLIF|not a name"):
        replace(CUBA_LIF, **ODD[name])


OPERATIONS: dict[str, Operation] = {
    "a later operation read": Operation(Op.ADD, (0, 99)),
    "too few values read": Operation(Op.ADD, (0,)),
    "too many values read": Operation(Op.NEGATE, (0, 0)),
    "an unknown state": Operation(Op.STATE, (), "w"),
    "a constant that is text": Operation(Op.CONSTANT, (), "1"),
    "a constant that is endless": Operation(Op.CONSTANT, (), float("inf")),
    "a constant that is true": Operation(Op.CONSTANT, (), True),
    "a spike without a rule": Operation(Op.SPIKE, (0,)),
    "a shift backwards": Operation(Op.SHIFT_LEFT, (0,), -1),
    "a wrap to one bit": Operation(Op.WRAP, (0,), 1),
    "a clip with one end": Operation(Op.CLIP, (0,), (1,)),
    "a sum with a constant": Operation(Op.ADD, (0, 1), 1),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_ill_formed_operations_are_refused(name: str) -> None:
    operations = (*CUBA_LIF.operations, OPERATIONS[name])
    with pytest.raises(ValueError, match=r"of|reads"):
        replace(CUBA_LIF, operations=operations)


SYSTEMS: dict[str, Any] = {
    "a bit": lambda: Format(1, 0),
    "63 bits": lambda: Format(63, 0),
    "half a bit": lambda: Format(8.5, 0),
    "a negative fraction": lambda: Format(8, -1),
    "no states": lambda: NumberSystem("x", (), ()),
    "a state twice": lambda: NumberSystem("x", (("v", Format(8, 0)),) * 2, ()),
    "a parameter of 40 bits": lambda: NumberSystem("x", LOIHI.states, (("a", 40),)),
    "an input of no bits": lambda: NumberSystem("x", LOIHI.states, (), -1),
    "a carrier of one bit": lambda: replace(LOIHI, carrier_bits=1),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_ill_formed_number_systems_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"bits|states|not a name"):
        SYSTEMS[name]()


@pytest.mark.parametrize(
    ("form", "limits"),
    [(Format(8, 0), (-127, 127)), (Format(8, 3, symmetric=False), (-128, 127))],
)
def test_the_limits_of_a_format(form: Format, limits: tuple[int, int]) -> None:
    assert form.limits == limits
