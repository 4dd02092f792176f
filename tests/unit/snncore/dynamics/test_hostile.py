"""Equations made to cost everything: each is one clear error, or is done in linear time."""

import json
from typing import Any

import pytest

from snncore.dynamics import Equations, NumberSystem, Op, to_integers
from snncore.dynamics.arithmetic.interval import Interval, invariant
from snncore.dynamics.check import MOST_BITS
from snncore.dynamics.expression import Operation
from snncore.dynamics.rewriting.hoist import hoisted
from snncore.dynamics.rewriting.simplify import simplified
from snncore.kernels.loop import rounding
from snncore.kernels.loop.output import Output, check_output
from tests.unit import hostile_equations as hostile
from tests.unit.confined import confined

INPUTS = {"x": Interval(-3, 5)}
PARAMETERS = {"p": Interval(0, 3), "q": Interval(0, 1)}


def proved(equations: Equations) -> str:
    """Return what the states can be, the way every reader finds it out."""
    again = Equations.from_json(json.loads(json.dumps(equations.to_json())))
    clips = any(operation.op == Op.CLIP for operation in again.operations)
    # Registers are there between integers alone.
    integers = again if clips else to_integers(again, hostile.SYSTEM)
    states, operations = invariant(integers, INPUTS, PARAMETERS)
    return f"{states['v']} {len(hoisted(simplified(integers, operations)).step.text())}"


@pytest.mark.parametrize("name", hostile.ALL)
def test_is_proved_or_refused(name: str) -> None:
    outcome = confined(lambda: proved(hostile.ALL[name]))
    if name == "squares":
        words = "WidthError: multiply30.hostile: operation 7 (multiply) may have more than 256 bits"
        assert outcome.startswith(words)
        assert "(scale down what it reads)" in outcome
    else:
        assert outcome.startswith("done: 'Interval("), outcome


def test_products_that_stay_within_the_width_are_proved() -> None:
    outcome = confined(lambda: proved(hostile.squares(6)))
    assert outcome.startswith("done: 'Interval(low=-8388607, high=8388607)"), outcome


@pytest.mark.parametrize("ends", [(0, 1 << 256), (-(1 << 256), 0)])
def test_an_interval_has_a_largest_width(ends: tuple[int, int]) -> None:
    widest = Interval(*ends)
    assert widest.largest().bit_length() == MOST_BITS + 1
    with pytest.raises(ValueError, match="more than 256 bits"):
        widest + widest


def test_too_many_operations_are_refused() -> None:
    outcome = confined(lambda: Equations.from_json(hostile.endless()))
    assert "add1: has 5007 operations, more than 1024 (make it several neurons)" in outcome


def test_too_many_names_are_refused() -> None:
    document = hostile.deep(1).to_json()
    document["parameters"] += [f"p{n}" for n in range(100_000)]
    assert "more than 256 names" in confined(lambda: Equations.from_json(document))
    system = hostile.SYSTEM.to_json()
    system["parameters"] += [[f"p{n}", 0] for n in range(100_000)]
    assert "more than 256 names" in confined(lambda: NumberSystem.from_json(system))


ATTRIBUTES: dict[str, tuple[Op, tuple[int, ...], Any]] = {
    "a constant of many bits": (Op.CONSTANT, (), 1 << 4000),
    "a constant of more bits than a float": (Op.CONSTANT, (), -(1 << 1100)),
    "a clip of many bits": (Op.CLIP, (1,), (0, 1 << 4000)),
    "a clip with its ends exchanged": (Op.CLIP, (1,), (5, 4)),
    "a scale of many bits": (Op.SCALE_TO_ZERO, (1,), (1 << 4000, 3)),
    "a scale by many bits": (Op.SCALE_TO_ZERO, (1,), (1, 1 << 70)),
    "a scale backwards": (Op.SCALE_TO_ZERO, (1,), (1, -1)),
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_of_any_size_is_refused(name: str) -> None:
    op, args, attribute = ATTRIBUTES[name]
    document = hostile.deep(1).to_json()
    plain = list(attribute) if isinstance(attribute, tuple) else attribute
    document["operations"].append([op.value, list(args), plain])
    outcome = confined(lambda: Equations.from_json(document))
    assert outcome.startswith(f"ValueError: not the equations of a neuron: {op.value} of "), outcome
    assert len(outcome) < 200


def test_a_constant_that_no_integer_holds_is_named() -> None:
    operations = [*hostile.deep(1).operations, Operation(Op.CONSTANT, (), 1e308)]
    operations.append(Operation(Op.ADD, (1, len(operations) - 1)))
    equations = Equations(
        "Huge", ("v",), ("x",), ("p", "q"), tuple(operations), (0,), len(operations) - 1
    )
    with pytest.raises(ValueError, match=r"Huge: the constant 1e\+308 is not exact"):
        to_integers(equations, hostile.SYSTEM)


def test_what_is_read_twice_is_told_apart_without_its_text() -> None:
    equations = hostile.doubled(60)
    outcome = confined(lambda: sorted(rounding.shared(equations.operations, equations.operations)))
    assert outcome == f"done: {list(range(len(equations.operations)))}"
    other = hostile.doubled(59)
    assert len(rounding.shared(equations.operations, other.operations)) < 66


def test_spikes_that_are_added_up_again_and_again_are_counted_once() -> None:
    operations = [Operation(Op.STATE, (), "v"), Operation(Op.INPUT, (), "x")]
    operations.append(Operation(Op.SPIKE, (1,), False))
    for _ in range(60):
        last = len(operations) - 1
        operations.append(Operation(Op.ADD, (last, last)))
    count = len(operations) - 1
    equations = Equations("Many", ("v",), ("x",), (), tuple(operations), (0,), count)
    outcome = confined(lambda: check_output(equations, Output.BYTES))
    assert "a count of spikes" in outcome
