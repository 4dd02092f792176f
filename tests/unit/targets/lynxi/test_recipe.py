"""Recipes: four words on floats compute what the integers do, on every value within their range."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurodeploy.errors import DoesNotFitError
from neurodeploy.simulator.golden import GOLDEN
from snncore.dynamics import (
    Equations,
    Format,
    NumberSystem,
    Op,
    evaluate,
    spike,
    to_integers,
    trace,
)
from snncore.dynamics.arithmetic.interval import Interval, step_intervals
from snncore.dynamics.expression import Operation
from snncore.dynamics.zoo.spiking import Fire, Reset, biased_if
from targets.lynxi.reduced.certificate import HALF_LIMIT, SINGLE_LIMIT, is_exact, is_half
from targets.lynxi.reduced.recipe import Recipe, Word
from targets.lynxi.reduced.translate import recipe_of
from tests.unit.drawn import Case, cases
from tests.unit.examples import few
from tests.unit.targets.lynxi.programs import SYSTEM, InNumbers


def kinds(recipe: Recipe) -> list[Any]:
    """Return the floats that are exact for a recipe."""
    types: list[Any] = [np.float64]
    if recipe.bound <= SINGLE_LIMIT and all(is_exact(value) for value in recipe.numbers):
        types.append(np.float32)
    if recipe.bound <= HALF_LIMIT and all(is_half(value) for value in recipe.numbers):
        types.append(np.float16)
    return types


@settings(max_examples=few(120), deadline=None)
@given(cases())
def test_drawn_equations(case: Case) -> None:
    parameters = {key: np.asarray(value) for key, value in case.parameters.items()}
    try:
        recipe = recipe_of(case.integers, case.bounds, parameters)
    except DoesNotFitError:
        assume(False)
    assume(recipe.bound < 1 << 50)
    expected, fired = evaluate(case.integers, GOLDEN, case.states, case.inputs, parameters)
    for kind in kinds(recipe):
        read = {step.name for step in recipe.steps if step.word == Word.STATE}
        states = {key: case.states[key].astype(kind) for key in read}
        results, spikes = recipe.run(
            InNumbers(kind, recipe.constants), states, case.inputs["x"].astype(kind)
        )
        assert (spikes == fired).all()
        for key, value in expected.items():
            assert (results[key] == value).all(), (kind, key)


def one(op: Op, attribute: Any, values: Interval) -> Recipe:
    """Return a state that becomes an operation of itself."""
    operations = (
        Operation(Op.STATE, (), "v"),
        Operation(Op.INPUT, (), "x"),
        Operation(op, (0,), attribute),
        Operation(Op.SPIKE, (1,), False),
    )
    equations = Equations("one", ("v",), ("x",), (), operations, (2,), 3)
    _, bounds = step_intervals(equations, {"v": values}, {"x": Interval(-1, 1)}, {})
    return recipe_of(equations, bounds, {})


RIGHT = (Op.SHIFT_FLOOR, Op.SHIFT_TO_ZERO)


@pytest.mark.parametrize("op", RIGHT)
@settings(max_examples=few(60), deadline=None)
@given(st.integers(-1023, 1023), st.integers(-1023, 1023), st.integers(0, 12))
def test_shifts_of_every_value_are_exact_in_float16(op: Op, a: int, b: int, bits: int) -> None:
    low, high = min(a, b), max(a, b)
    recipe = one(op, bits, Interval(low, high))
    # A value of a single integer is that integer, whatever is done to it.
    assume(low < high)
    assert recipe.bound <= HALF_LIMIT
    values = np.arange(low, high + 1)
    states, _ = recipe.run(
        InNumbers(np.float16, recipe.constants), {"v": values.astype(np.float16)}, values
    )
    assert (states["v"] == GOLDEN[op](values, bits)).all()


@pytest.mark.parametrize("op", RIGHT)
@pytest.mark.parametrize("low", [1 - (1 << 21), 1 << 20])
def test_large_numbers_that_differ_by_one_or_half_of_it_are_kept_apart(op: Op, low: int) -> None:
    """A leak of 22 bits: its shift, its offset and its clip have numbers of the same six digits."""
    limit = (1 << 21) - 1
    operations = (
        Operation(Op.STATE, (), "v"),
        Operation(Op.INPUT, (), "x"),
        Operation(op, (0,), 3),
        Operation(Op.ADD, (0, 2)),
        Operation(Op.ADD, (3, 1)),
        Operation(Op.CLIP, (4,), (-limit, limit)),
        Operation(Op.SPIKE, (1,), False),
    )
    equations = Equations("leak", ("v",), ("x",), (), operations, (5,), 6)
    ends = {"v": Interval(low, limit)}
    _, bounds = step_intervals(equations, ends, {"x": Interval(-1, 1)}, {})
    recipe = recipe_of(equations, bounds, {})
    assert np.float32 in kinds(recipe)
    v = np.concatenate([np.arange(low, low + 99), np.arange(limit - 99, limit + 1)])
    v = np.concatenate([v, np.arange(low, limit, 4999)])
    language, x = InNumbers(np.float32, recipe.constants), np.zeros_like(v)
    states, _ = recipe.run(language, {"v": v.astype(np.float32)}, x.astype(np.float32))
    assert (states["v"] == np.clip(v + GOLDEN[op](v, 3), -limit, limit)).all()


def test_a_recipe_says_only_what_was_seen_to_compile() -> None:
    recipe = one(Op.SHIFT_FLOOR, 3, Interval(-1000, 900))
    assert {step.word for step in recipe.steps} <= set(Word)
    assert sum(step.word == Word.AT_LEAST for step in recipe.steps) == 9


def test_what_may_wrap_is_refused() -> None:
    with pytest.raises(DoesNotFitError, match="may reach 200 and wrap at 8 bits"):
        one(Op.WRAP, 8, Interval(-100, 200))


def test_an_idle_wrap_or_clip_costs_nothing() -> None:
    for op, attribute in ((Op.WRAP, 8), (Op.CLIP, (-100, 90))):
        assert one(op, attribute, Interval(-100, 90)).next_states["v"] == 0


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("reset", [Reset.HARD, Reset.SOFT])
def test_a_threshold_that_is_met_exactly(reset: Reset, strict: bool) -> None:
    equations = to_integers(biased_if(Fire(reset, strict)), SYSTEM)
    numbers: dict[str, Any] = {"threshold": 9, "rest": -4, "bias": 0}
    parameters = {key: np.asarray(numbers[key]) for key in equations.parameters}
    ends = {key: Interval(int(value), int(value)) for key, value in parameters.items()}
    states, inputs = {"v": Interval(-20, 20)}, {"x": Interval(-1, 1)}
    _, bounds = step_intervals(equations, states, inputs, ends)
    recipe = recipe_of(equations, bounds, parameters)
    v, x = np.arange(-20, 21), np.zeros(41, dtype=np.int64)
    expected, fired = evaluate(equations, GOLDEN, {"v": v}, {"x": x}, parameters)
    language = InNumbers(np.float16, recipe.constants)
    results, spikes = recipe.run(language, {"v": v.astype(np.float16)}, x.astype(np.float16))
    assert (spikes == fired).all()
    assert (results["v"] == expected["v"]).all()
    assert spikes[v == 9].item() == (not strict)
    # No value lies on the border, so that > decides as >= does.
    (border,) = (v for k, v in recipe.constants.items() if k.startswith("threshold") and "1/2" in k)
    assert float(border) == (9.5 if strict else 8.5)


@pytest.mark.parametrize("op", [Op.GREATER, Op.GREATER_EQUAL, Op.MINIMUM, Op.MAXIMUM])
@pytest.mark.parametrize("constant", [None, 0, 1])
def test_comparisons_of_equal_values(op: Op, constant: int | None) -> None:
    """Of two values, or of one and a number on either side."""
    leaves = [Operation(Op.STATE, (), "v"), Operation(Op.INPUT, (), "x")]
    if constant is not None:
        leaves[constant] = Operation(Op.CONSTANT, (), 3)
    operations = (
        *leaves,
        Operation(op, (0, 1)),
        Operation(Op.STATE, (), "v"),
        Operation(Op.INPUT, (), "x"),
        Operation(Op.ADD, (3, 4)),
        Operation(Op.ADD, (2, 5)),
        Operation(Op.SPIKE, (6,), False),
    )
    equations = Equations("one", ("v",), ("x",), (), operations, (6,), 7)
    ends = Interval(-6, 6)
    _, bounds = step_intervals(equations, {"v": ends}, {"x": ends}, {})
    recipe = recipe_of(equations, bounds, {})
    v, x = (each.reshape(-1) for each in np.meshgrid(np.arange(-6, 7), np.arange(-6, 7)))
    expected, fired = evaluate(equations, GOLDEN, {"v": v}, {"x": x}, {})
    language = InNumbers(np.float16, recipe.constants)
    states, spikes = recipe.run(language, {"v": v.astype(np.float16)}, x.astype(np.float16))
    assert (states["v"] == expected["v"]).all()
    assert (spikes == fired).all()


def test_constants_of_one_parameter_keep_their_own_values() -> None:
    """Twice and three times a threshold of its own for each channel are two constants."""

    def counting(v: Any, x: Any, *, threshold: Any) -> Any:
        h = v + x
        s = spike(h - threshold) + spike(h - 2 * threshold) + spike(h - 3 * threshold)
        return h - s * threshold, s

    equations = trace(counting, states=("v",), parameters=("threshold",), name="Counting")
    system = NumberSystem("narrow", (("v", Format(8, 0)),), (("threshold", 0),))
    integers, threshold = to_integers(equations, system), np.array([5, 9, 20])
    ranges = {"threshold": Interval(5, 20)}
    _, bounds = step_intervals(
        integers, {"v": Interval(-127, 127)}, {"x": Interval(-50, 90)}, ranges
    )
    recipe = recipe_of(integers, bounds, {"threshold": threshold})
    states, x = {"v": np.array([0, 3, -8])}, np.array([10, 24, 70])
    expected, fired = evaluate(integers, GOLDEN, states, {"x": x}, {"threshold": threshold})
    assert fired.tolist() == [2, 3, 3]
    results, spikes = recipe.run(
        InNumbers(np.float64, recipe.constants), {"v": states["v"].astype(float)}, x.astype(float)
    )
    assert spikes.tolist() == fired.tolist()
    assert results["v"].tolist() == expected["v"].tolist()
    for step in recipe.steps:
        if step.value is not None and step.name:
            assert np.array_equal(recipe.constants[step.name], step.value), step.name
