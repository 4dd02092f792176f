"""The output of a neuron: spikes, or values although nothing fires."""

from typing import Any

import numpy as np
import pytest

from snncore.dynamics import (
    Equations,
    absolute,
    evaluate,
    exp,
    maximum,
    minimum,
    select,
    spike,
    to_integers,
    trace,
)
from snncore.dynamics.arithmetic.number_system import Format, NumberSystem
from snncore.dynamics.sent import sends_ones, sends_spikes
from snncore.dynamics.words import TABLE
from snncore.dynamics.zoo.resonator import RESONATOR
from snncore.dynamics.zoo.sigma_delta import DELTA, SIGMA, SIGMA_DELTA
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF
from targets.loihi.chip.format import RESETTING_RESONATOR
from tests.unit.snncore.neurons import NEURONS

KNOWN = (CUBA_LIF, DRIVEN_CUBA_LIF, RESONATOR, RESETTING_RESONATOR, DELTA, SIGMA_DELTA)


@pytest.mark.parametrize("name", NEURONS)
def test_the_library_knows_who_fires(name: str) -> None:
    assert sends_spikes(NEURONS[name]().equations) == (not name.startswith("LeakyIntegrator"))


@pytest.mark.parametrize("name", NEURONS)
def test_the_library_knows_who_sends_ones(name: str) -> None:
    others = ("LeakyIntegrator", "IntegerLIF", "TernaryIF", "TernaryLIF")
    assert sends_ones(NEURONS[name]().equations) == (not name.startswith(others))


def test_graded_messages_are_spikes_and_sums_are_not() -> None:
    for equations in KNOWN:
        assert sends_spikes(equations), equations.name
    assert not sends_spikes(SIGMA)


def one(step: Any) -> Equations:
    return trace(step, states=("v",), parameters=("a",), name="Own")


SENT: dict[str, tuple[Any, bool]] = {
    "a spike": (lambda v, x, *, a: (v, spike(v - a)), True),
    "a strict one": (lambda v, x, *, a: (v, spike(v - a, strict=True)), True),
    "a count": (lambda v, x, *, a: (v, spike(v - a) + spike(v - 2 * a)), True),
    "a spike of either sign": (lambda v, x, *, a: (v, spike(v - a) - spike(-v - a)), True),
    "what a spike lets pass": (lambda v, x, *, a: (v, spike(v - a) * v), True),
    "the same the other way round": (lambda v, x, *, a: (v, v * spike(v - a) / a), True),
    "what a spike selects": (lambda v, x, *, a: (v, select(spike(v - a), v, 0)), True),
    "no spike": (lambda v, x, *, a: (v, 1 - spike(v - a)), False),
    "a voltage": (lambda v, x, *, a: (v + x, v + x), False),
    "a voltage after its reset": (
        lambda v, x, *, a: (v, select(spike(v - a), 0.0, v)),
        False,
    ),
    "a choice of two voltages": (lambda v, x, *, a: (v, select(x, 0, 0) + select(x, v, a)), False),
    "a choice that no spike makes": (lambda v, x, *, a: (v, select(x, v, 0)), False),
    "a rectified voltage": (lambda v, x, *, a: (v, maximum(v, 0)), False),
    "the input": (lambda v, x, *, a: (v, x), False),
    "a parameter": (lambda v, x, *, a: (v, a + spike(v)), False),
    "the power of a spike": (lambda v, x, *, a: (v, exp(spike(v - a))), False),
    "a size of spikes": (
        lambda v, x, *, a: (v, minimum(absolute(-spike(v - a)), maximum(spike(v), 0))),
        True,
    ),
}


@pytest.mark.parametrize("name", SENT)
def test_what_is_there_without_a_spike_is_none(name: str) -> None:
    step, expected = SENT[name]
    equations = one(step)
    assert sends_spikes(equations) == expected
    # Below every threshold nothing fires, and then what is called a spike is zero.
    quiet = {"v": np.array(-1.0)}, {"x": np.array(-1.0)}, {"a": np.array(2.0)}
    _, output = evaluate(equations, TABLE, *quiet)
    if expected:
        assert output == 0, name


def test_integers_send_what_their_floats_do() -> None:
    form = Format(16, 4)
    system = NumberSystem("s", states=(("v", form),), parameters=(("a", 0),))
    assert sends_spikes(to_integers(one(SENT["a count"][0]), system))
    assert not sends_spikes(to_integers(one(SENT["a voltage"][0]), system))
