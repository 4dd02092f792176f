"""Every carrier's rendering of a step is the step, for any equations and number system."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from neurodeploy.errors import ValidationError
from neurodeploy.simulator import carrier
from neurodeploy.simulator.golden import GOLDEN
from snncore.dynamics import Op, evaluate
from snncore.dynamics.printing.render import compile_step, render, render_function
from snncore.dynamics.rewriting.hoist import hoisted
from snncore.dynamics.rewriting.simplify import simplified
from tests.unit.drawn import NEURONS, PARAMETERS, Case, cases
from tests.unit.examples import few
from tests.unit.naive import PLAIN

REACHED: Counter[torch.dtype] = Counter()


def expected(case: Case) -> list[list[int]]:
    """The next states and the spike of every neuron, one after another."""
    results = [evaluate(case.integers, PLAIN, *case.one(n)) for n in range(NEURONS)]
    rows = [[states[name] for states, _ in results] for name in case.drawn.states]
    return [*rows, [fired for _, fired in results]]


def rows(values: tuple[Any, ...]) -> list[list[int]]:
    whole = [torch.as_tensor(value).to(torch.int64) for value in values]
    return [value.broadcast_to((NEURONS,)).tolist() for value in whole]


@settings(max_examples=few(150))
@given(cases())
def test_goldens_table_is_plain_integers(case: Case) -> None:
    states, fired = evaluate(case.integers, GOLDEN, case.states, case.inputs, case.parameters)
    results = [*states.values(), fired]
    assert [np.broadcast_to(v, NEURONS).tolist() for v in results] == expected(case)


@settings(max_examples=few(250))
@given(cases())
def test_every_carrier_that_is_wide_enough_is_exact(case: Case) -> None:
    simple = simplified(case.integers, case.bounds)
    largest = max(bound.largest() for bound in case.bounds)
    for limit, kind, dialect in carrier._CARRIERS:
        if 2 * largest >= limit:
            continue
        REACHED[kind] += 1
        step = compile_step(render(simple, dialect), carrier._NAMES)
        states = [torch.from_numpy(case.states[name]).to(kind) for name in case.drawn.states]
        x = torch.from_numpy(case.inputs["x"]).to(kind)
        results = step(*states, x, **case.parameters)
        assert all(v.dtype == kind for v in results if isinstance(v, torch.Tensor))
        assert rows(results) == expected(case), render(simple, dialect)


@settings(max_examples=few(150))
@given(cases())
def test_what_runs_before_and_what_runs_each_step_are_the_whole(case: Case) -> None:
    parts = hoisted(simplified(case.integers, case.bounds))
    largest = max(bound.largest() for bound in case.bounds)
    _, kind, dialect = next(entry for entry in carrier._CARRIERS if 2 * largest < entry[0])
    arguments = ("x", *PARAMETERS)
    source = render_function("prepare", arguments, parts.before, parts.results, dialect)
    prepare = compile_step(source, carrier._NAMES, "prepare")
    step = compile_step(render(parts.step, dialect), carrier._NAMES)
    x = torch.from_numpy(case.inputs["x"]).to(kind)
    kept = x.clone()
    states = [torch.from_numpy(case.states[name]).to(kind) for name in case.drawn.states]
    before = [state.clone() for state in states]
    ready = prepare(x, **case.parameters)
    results = step(*states, *ready, **case.parameters)
    assert rows(results) == expected(case)
    # Working in place touches nothing that was given.
    assert torch.equal(x, kept)
    assert all(torch.equal(a, b) for a, b in zip(states, before, strict=True))


def test_every_carrier_was_reached() -> None:
    kinds = [kind for _, kind, _ in carrier._CARRIERS]
    assert kinds == [torch.float32, torch.float64, torch.int64]
    assert all(REACHED[kind] > 50 for kind in kinds)


def test_every_dialect_has_a_word_for_every_integer_operation() -> None:
    leaves = {Op.STATE, Op.INPUT, Op.PARAMETER, Op.CONSTANT}
    words = set(Op) - leaves - {Op.DIVIDE, Op.EXP, Op.LOG, Op.DETACH}
    for _, _, dialect in carrier._CARRIERS:
        assert set(dialect.spelling) == words, dialect.name
    assert set(GOLDEN) | {Op.SCALE_TO_ZERO} == words


@pytest.mark.parametrize(
    ("bound", "kind"),
    [
        (0, torch.float32),
        ((1 << 24) - 1, torch.float32),
        (1 << 24, torch.float64),
        ((1 << 53) - 1, torch.float64),
    ],
)
def test_sums_are_carried_by_the_narrowest_float(bound: int, kind: torch.dtype) -> None:
    assert carrier.exact_matmul_type(bound) == kind


def test_a_sum_beyond_every_float_is_refused() -> None:
    with pytest.raises(ValidationError, match=str(1 << 53)):
        carrier.exact_matmul_type(1 << 53)
