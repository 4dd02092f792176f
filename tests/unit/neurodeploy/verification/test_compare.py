"""Traces compared: the first divergence is the earliest there is, with what stands around it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.report import Status
from neurodeploy.trace import LayerTrace, Trace
from neurodeploy.verification.compare import Tolerance, compare, compare_within
from tests.unit.examples import few

STEPS, COUNT = 9, 3
SHAPES = {"a": (2, 2), "b": (3,)}


def trace(changes: Mapping[tuple[str, str], list[tuple[int, ...]]] | None = None) -> Trace:
    """Two layers of seeded values, with some of them one larger."""
    random = np.random.default_rng(0)
    layers = {}
    for name, shape in SHAPES.items():
        full = (STEPS, COUNT, *shape)
        values = {"s": random.integers(0, 2, full)}
        values |= {state: random.integers(-99, 99, full) for state in ("u", "v")}
        for state, array in values.items():
            for index in (changes or {}).get((name, state), ()):
                array[index] += 1
        layers[name] = LayerTrace(values)
    return Trace(layers, "b")


def test_equal_traces_are_equal_and_counted() -> None:
    link = compare("x", trace(), trace(), 1.5)
    assert (link.name, link.status, link.seconds) == ("x", Status.EQUAL, 1.5)
    assert link.compared == 3 * STEPS * COUNT * (4 + 3)
    assert link.spikes == trace().spikes() > 0
    assert link.divergence is None


def test_a_value_that_is_no_spike_is_called_an_output() -> None:
    kept = replace(trace()["b"], spiking=False)
    expected = Trace({"a": trace()["a"], "b": kept}, "b")
    link = compare("x", expected, trace({("b", "s"): [(2, 1, 0)]}), 0.0)
    assert link.spikes == int(trace()["a"].s.sum())
    assert link.divergence is not None
    assert link.divergence.state == "output"
    assert set(link.divergence.context["got"]) == {"output", "u", "v"}
    assert link.divergence.sentence().startswith("b: output of neuron (0) at step 2 of sample 1")
    far = {("b", "s"): [(step, 1, 0) for step in range(STEPS)]}
    link = compare_within("x", expected, trace(far), 0.0, Tolerance())
    assert "; of b.output " in str(link.reason)
    assert link.spikes == int(trace()["a"].s.sum())


PLACES = [
    (layer, state, (step, sample, *neuron))
    for layer, shape in SHAPES.items()
    for state in ("u", "v", "s")
    for step in range(STEPS)
    for sample in range(COUNT)
    for neuron in product(*map(range, shape))
]


def rank(position: tuple[str, str, tuple[int, ...]]) -> tuple[Any, ...]:
    """Step, then layer, then states before the spike that follows from them, then place."""
    layer, state, index = position
    return index[0], list(SHAPES).index(layer), ("u", "v", "s").index(state), index[1:]


@settings(max_examples=few(150))
@given(st.lists(st.sampled_from(PLACES), min_size=1, max_size=5, unique=True))
def test_the_first_divergence_is_the_earliest(places: list[Any]) -> None:
    changes: dict[tuple[str, str], list[tuple[int, ...]]] = {}
    for layer, state, index in places:
        changes.setdefault((layer, state), []).append(index)
    link = compare("x", trace(), trace(changes), 0.0)
    assert link.status == Status.DIFFERS
    divergence = link.divergence
    assert divergence is not None
    layer, state, (step, sample, *neuron) = min(places, key=rank)
    assert (divergence.layer, divergence.state, divergence.step) == (layer, state, step)
    assert (divergence.sample, divergence.neuron) == (sample, tuple(neuron))
    assert divergence.got == divergence.expected + 1
    assert divergence.differing_values == len(changes[(layer, state)])


@pytest.mark.parametrize(("step", "shown"), [(0, range(4)), (4, range(1, 8)), (8, range(5, 9))])
def test_what_stands_around_a_divergence_is_shown(step: int, shown: range) -> None:
    link = compare("x", trace(), trace({("a", "v"): [(step, 1, 0, 1)]}), 0.0)
    divergence = link.divergence
    assert divergence is not None
    assert divergence.context_steps == tuple(shown)
    for side, values in (("expected", trace()), ("got", trace({("a", "v"): [(step, 1, 0, 1)]}))):
        assert set(divergence.context[side]) == {"s", "u", "v"}
        for state, around in divergence.context[side].items():
            whole = values["a"].values[state][:, 1, 0, 1]
            assert around == tuple(whole[shown.start : shown.stop])
    assert "a: v of neuron (0, 1) at step" in divergence.sentence()


def without(changed: Trace, layer: str, *states: str) -> Trace:
    values = {k: v for k, v in changed[layer].values.items() if k not in states}
    return Trace({**changed.layers, layer: LayerTrace(values)}, changed.output_layer)


def test_states_that_only_one_side_shows_are_left_out() -> None:
    fewer = without(trace(), "a", "u", "v")
    for sides in ((trace(), fewer), (fewer, trace())):
        link = compare("x", *sides, 0.0)
        assert link.status == Status.EQUAL
        assert link.compared == STEPS * COUNT * (4 + 3 * 3)


def test_traces_that_do_not_match_are_different_with_a_reason() -> None:
    lacking = Trace({"a": trace()["a"]}, "a")
    link = compare("x", trace(), lacking, 0.0)
    assert (link.status, link.reason) == (Status.DIFFERS, "b is not there")
    short = Trace(
        {n: LayerTrace({k: v[1:] for k, v in trace()[n].values.items()}) for n in SHAPES}, "b"
    )
    link = compare("x", trace(), short, 0.0)
    assert link.status == Status.DIFFERS
    assert link.reason == "a.u has different shapes: (9, 3, 2, 2) and (8, 3, 2, 2)"


@pytest.mark.parametrize("tolerance", [None, Tolerance()], ids=["integers", "floats"])
def test_output_that_only_one_side_shows_differs(tolerance: Tolerance | None) -> None:
    silenced = without(trace(), "b", "s")
    for sides in ((trace(), silenced), (silenced, trace())):
        if tolerance is None:
            link = compare("x", *sides, 0.0)
        else:
            link = compare_within("x", *sides, 0.0, tolerance)
        assert link.status == Status.DIFFERS
        assert link.reason == "b.s is shown on one side only"


def test_types_do_not_matter_and_values_do() -> None:
    narrow = Trace(
        {
            n: LayerTrace({k: v.astype(np.int8) for k, v in trace()[n].values.items()})
            for n in SHAPES
        },
        "b",
    )
    assert compare("x", trace(), narrow, 0.0).status == Status.EQUAL


def test_floats_are_equal_within_a_tolerance() -> None:
    tolerance = Tolerance(near=0.001, share=0.1)
    other = trace({("a", "v"): [(0, 0, 0, 0)]})
    link = compare_within("x", trace(), other, 1.5, tolerance)
    assert (link.status, link.compared, link.divergence) == (Status.EQUAL, 567, None)
    assert link.reason == "every spike is equal; 1 of 567 values are farther apart than 0.001"
    flipped = trace({("b", "s"): [(0, 0, 0)]})
    link = compare_within("x", trace(), flipped, 1.5, tolerance)
    assert link.reason == "1 of 567 values are farther apart than 0.001"
    assert link.tolerance == "0.001 a value, for all but 10.0% of each layer's values"
    exact = Tolerance(near=0.001, share=0.0)
    link = compare_within("x", trace(), other, 1.5, exact)
    assert link.status == Status.DIFFERS
    assert "of a.v 0.9%, where 0.0% is allowed" in str(link.reason)
    assert compare_within("x", trace(), trace(), 0.0, exact).status == Status.EQUAL


@pytest.mark.parametrize(("size", "off", "near"), [(1e4, 9.0, True), (1e4, 11.0, False)])
def test_large_values_may_be_farther_apart(size: float, off: float, near: bool) -> None:
    first, second = (
        Trace({"a": LayerTrace({"s": np.full((2, 1, 3), value)})}, "a")
        for value in (size, size + off)
    )
    link = compare_within("x", first, second, 0.0, Tolerance(near=1e-3, share=0.0))
    assert (link.status == Status.EQUAL) == near


def test_what_is_no_number_is_never_near() -> None:
    broken = trace()
    values = {key: value.astype(float) for key, value in broken["a"].values.items()}
    values["v"][:] = np.nan
    nan_trace = Trace({"a": LayerTrace(values), "b": broken["b"]}, "b")
    tolerance = Tolerance(share=0.2)
    assert compare_within("x", trace(), nan_trace, 0.0, tolerance).status == Status.DIFFERS
    assert compare_within("x", nan_trace, trace(), 0.0, tolerance).status == Status.DIFFERS
    alone = Trace({"a": trace()["a"]}, "a")
    assert compare_within("x", trace(), alone, 0.0, tolerance).reason == "b is not there"
