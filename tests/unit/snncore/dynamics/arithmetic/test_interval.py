"""Intervals are sound: no value of a step, or of any number of steps, leaves them."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snncore.dynamics import Equations, Op, evaluate, spike, to_integers, trace
from snncore.dynamics.arithmetic.interval import ZERO, Interval, invariant
from snncore.dynamics.expression import Operation
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI
from tests.unit.drawn import NEURONS, Case, cases
from tests.unit.exact import turned
from tests.unit.examples import few
from tests.unit.naive import PLAIN, once

SMALL = st.integers(-70, 70)
INTERVALS = st.tuples(SMALL, SMALL).map(lambda ends: Interval(min(ends), max(ends)))


def members(interval: Interval) -> range:
    return range(interval.low, interval.high + 1)


def around(values: list[int]) -> Interval:
    return Interval(min(values), max(values))


TWO: dict[str, tuple[Callable[[Interval, Interval], Interval], Callable[[int, int], int]]] = {
    "add": (lambda x, y: x + y, lambda x, y: x + y),
    "subtract": (lambda x, y: x - y, lambda x, y: x - y),
    "multiply": (lambda x, y: x * y, lambda x, y: x * y),
}


@pytest.mark.parametrize("name", TWO)
@settings(max_examples=30)
@given(INTERVALS, INTERVALS)
def test_arithmetic_is_the_tightest_interval(name: str, x: Interval, y: Interval) -> None:
    intervals, numbers = TWO[name]
    ends = product((x.low, x.high, min(max(0, x.low), x.high)), members(y))
    seen = [numbers(a, b) for a, b in ends]
    assert intervals(x, y) == around(seen)


@settings(max_examples=few(300))
@given(INTERVALS, st.integers(2, 7))
def test_a_wrap_holds_every_value_and_no_more_when_once(x: Interval, bits: int) -> None:
    wrapped = x.wrapped(bits)
    assert around([turned(value, bits) for value in members(x)]).within(wrapped)
    if x.within(Interval(-(1 << bits - 1), (1 << bits - 1) - 1)):
        assert wrapped == x
    assert x.wrapped_once(bits) == around([once(value, bits) for value in members(x)])


def test_an_empty_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="from 3 to 2 is empty"):
        Interval(3, 2)


def values_of(equations: Equations, *given_values: Any) -> list[int]:
    """Return the value of every operation, each made a result in turn."""
    values = []
    for number in range(len(equations.operations)):
        part = Equations(
            equations.name,
            equations.states,
            equations.inputs,
            equations.parameters,
            equations.operations,
            equations.next_states,
            number,
        )
        values.append(evaluate(part, PLAIN, *given_values)[1])
    return values


@settings(max_examples=few(150))
@given(cases())
def test_no_operation_leaves_its_interval(case: Case) -> None:
    for neuron in range(NEURONS):
        values = values_of(case.integers, *case.one(neuron))
        for number, (value, bound) in enumerate(zip(values, case.bounds, strict=True)):
            assert bound.low <= value <= bound.high, case.integers.operations[number]


def test_the_branch_that_did_not_fire_is_below_the_threshold() -> None:
    integers = to_integers(CUBA_LIF, LOIHI)
    parameters = {
        "current_decay": Interval(4096, 4096),
        "voltage_decay": Interval(0, 0),
        "threshold": Interval(10, 10),
        "bias": ZERO,
    }
    states, _ = invariant(integers, {"x": Interval(0, 4)}, parameters)
    assert states["v"] == Interval(0, 640)
    assert states["u"] == Interval(0, 256)


@pytest.mark.parametrize("lowest", [1, 10, 99])
def test_of_several_thresholds_the_highest_bounds_what_did_not_fire(lowest: int) -> None:
    integers = to_integers(CUBA_LIF, LOIHI)
    parameters = {
        "current_decay": Interval(4096, 4096),
        "voltage_decay": ZERO,
        "threshold": Interval(lowest, 99),
        "bias": ZERO,
    }
    states, _ = invariant(integers, {"x": Interval(0, 4)}, parameters)
    # A neuron with the highest gets there in steps of one, and does not fire yet.
    assert states["v"] == Interval(0, 99 * 64)


DECAYS = st.sampled_from([0, 1, 2, 1000, 4095, 4096])


@settings(max_examples=few(60))
@given(
    DECAYS,
    DECAYS,
    st.integers(0, 1 << 17),
    st.integers(-50, 50),
    st.integers(1, 1 << 25),
    st.sampled_from(["low", "high", "alternating", "random"]),
)
def test_an_invariant_holds_however_hard_it_is_driven(
    current: int, voltage: int, threshold: int, bias: int, largest: int, pattern: str
) -> None:
    integers = to_integers(CUBA_LIF, LOIHI)
    parameters = {
        "current_decay": current,
        "voltage_decay": voltage,
        "threshold": threshold,
        "bias": bias,
    }
    bounds = {name: Interval(value, value) for name, value in parameters.items()}
    proved, _ = invariant(integers, {"x": Interval(-largest, largest)}, bounds)
    random = np.random.default_rng(largest)
    drives = {
        "low": [-largest] * 60,
        "high": [largest] * 60,
        "alternating": [largest, -largest] * 30,
        "random": random.integers(-largest, largest + 1, 60).tolist(),
    }
    states = {"u": 0, "v": 0}
    for drive in drives[pattern]:
        states, _ = evaluate(integers, PLAIN, states, {"x": drive}, parameters)
        for name, value in states.items():
            assert proved[name].low <= value <= proved[name].high, name


def test_states_without_a_bound_are_refused() -> None:
    def growing(v: Any, x: Any) -> Any:
        return v + x, spike(v)

    equations = trace(growing, states=("v",), parameters=(), name="Growing")
    with pytest.raises(ValueError, match="states of Growing have no bound"):
        invariant(equations, {"x": Interval(0, 1)}, {})


def test_a_constant_that_is_no_number_has_no_interval() -> None:
    with pytest.raises(ValueError, match="constant"):
        Equations("Odd", (), ("x",), (), (Operation(Op.CONSTANT, (), "1"),), (), 0)
