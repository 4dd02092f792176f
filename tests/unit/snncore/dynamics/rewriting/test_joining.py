"""Inputs that only count as a sum become one; any other use of one is named."""

from fractions import Fraction
from typing import Any

import pytest

from snncore.dynamics import Equations, evaluate, maximum, select, spike, trace
from snncore.dynamics.rewriting.joining import with_one_input
from tests.unit.naive import PLAIN


def into_the_current(v: Any, i: Any, x: Any, fed: Any, *, decay: Any) -> Any:
    current = i + x + fed
    h = decay * v + current
    s = spike(h - 1.0)
    return select(s, 0.0, h), current * decay, s


def taken_away(v: Any, i: Any, x: Any, fed: Any, *, decay: Any) -> Any:
    h = decay * v - fed - x
    s = spike(h - 1.0, strict=True)
    return select(s, h - 1.0, h), i + (fed + x), s


def used_twice(v: Any, i: Any, x: Any, fed: Any, *, decay: Any) -> Any:
    h = v + decay * (fed - v + x)
    s = spike(maximum(h, i + fed + x) - 1.0)
    return h, i, s


def of(step: Any) -> Equations:
    return trace(step, states=("v", "i"), parameters=("decay",), name=step.__name__)


@pytest.mark.parametrize("step", [into_the_current, taken_away, used_twice])
def test_the_sum_of_inputs_is_what_counts(step: Any) -> None:
    equations = of(step)
    joined = with_one_input(equations)
    assert joined.inputs == ("x",)
    assert len(joined.operations) < len(equations.operations)
    sent = set()
    for number in range(40):
        states = {"v": Fraction(number % 7 - 3, 2), "i": Fraction(number % 5, 4)}
        x, fed = Fraction(number % 3), Fraction(number % 11 - 5, 2)
        values = {"decay": Fraction(1, 4)}
        before = evaluate(equations, PLAIN, states, {"x": x, "fed": fed}, values)
        assert evaluate(joined, PLAIN, states, {"x": x + fed}, values) == before
        sent.add(bool(before[1]))
    assert sent == {False, True}


def scaled(v: Any, x: Any, fed: Any) -> Any:
    return v + x + 2.0 * fed, spike(v - 1.0)


def subtracted(v: Any, x: Any, fed: Any) -> Any:
    return v + x - fed, spike(v - 1.0)


def gated(v: Any, x: Any, fed: Any) -> Any:
    return select(fed > 0.5, v + x, v), spike(v - 1.0)


def late(v: Any, x: Any, fed: Any) -> Any:
    return v + x + fed, spike(v + x - 1.0)


def unread(v: Any, x: Any, fed: Any) -> Any:
    return v + x, spike(v - 1.0)


@pytest.mark.parametrize("step", [scaled, subtracted, gated, late, unread])
def test_an_input_that_counts_otherwise_is_named(step: Any) -> None:
    equations = trace(step, states=("v",), parameters=(), name=step.__name__)
    if equations.inputs == ("x",):
        pytest.fail("the trace lost an input")
    with pytest.raises(ValueError, match=rf"{step.__name__}: its input (x|fed) counts without"):
        with_one_input(equations)


def test_equations_of_one_input_stay() -> None:
    equations = trace(lambda v, x: (v + x, spike(v)), states=("v",), parameters=(), name="plain")
    assert with_one_input(equations) is equations
