"""Recipes: four words on floats compute what the integers do, on every value within their range."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurodeploy.errors import DoesNotFitError
from neurodeploy.simulator.golden import GOLDEN
from snncore.dynamics import Equations, Op, evaluate
from snncore.dynamics.expression import Operation
from snncore.dynamics.interval import Interval, step_intervals
from targets.lynxi.certificate import HALF_LIMIT, SINGLE_LIMIT, is_exact, is_half
from targets.lynxi.recipe import Recipe, Word
from targets.lynxi.translate import recipe_of
from tests.unit.drawn import Case, cases
from tests.unit.targets.lynxi.programs import InNumbers


def kinds(recipe: Recipe) -> list[Any]:
    """The floats that are exact for a recipe."""
    found: list[Any] = [np.float64]
    if recipe.bound <= SINGLE_LIMIT and all(is_exact(value) for value in recipe.numbers):
        found.append(np.float32)
    if recipe.bound <= HALF_LIMIT and all(is_half(value) for value in recipe.numbers):
        found.append(np.float16)
    return found


@settings(max_examples=120, deadline=None)
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
        found, spikes = recipe.run(
            InNumbers(kind, recipe.constants), states, case.inputs["x"].astype(kind)
        )
        assert (spikes == fired).all()
        for key, value in expected.items():
            assert (found[key] == value).all(), (kind, key)


def one(op: Op, attribute: Any, values: Interval) -> Recipe:
    """A state that becomes an operation of itself."""
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
@settings(max_examples=60, deadline=None)
@given(st.integers(-1023, 1023), st.integers(-1023, 1023), st.integers(0, 12))
def test_shifts_of_every_value_are_exact_in_float16(op: Op, a: int, b: int, bits: int) -> None:
    low, high = min(a, b), max(a, b)
    recipe = one(op, bits, Interval(low, high))
    # A value of a single integer is that integer, whatever is done to it.
    assume(low < high)
    assert recipe.bound <= HALF_LIMIT
    values = np.arange(low, high + 1)
    found, _ = recipe.run(
        InNumbers(np.float16, recipe.constants), {"v": values.astype(np.float16)}, values
    )
    assert (found["v"] == GOLDEN[op](values, bits)).all()


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
