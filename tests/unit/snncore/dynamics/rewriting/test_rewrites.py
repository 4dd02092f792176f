"""Simplified and hoisted equations compute what they came from."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings

from snncore.dynamics import Equations, Op, evaluate, to_integers
from snncore.dynamics.arithmetic.interval import Interval, invariant
from snncore.dynamics.rewriting.hoist import hoisted
from snncore.dynamics.rewriting.simplify import leaves_format, simplified
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI
from tests.unit.drawn import NEURONS, Case, cases
from tests.unit.examples import few
from tests.unit.naive import PLAIN

CUBA = to_integers(CUBA_LIF, LOIHI)


@settings(max_examples=few(150))
@given(cases())
def test_simplified_changes_no_value_within_the_bounds(case: Case) -> None:
    simple = simplified(case.integers, case.bounds)
    assert len(simple.operations) <= len(case.integers.operations)
    for neuron in range(NEURONS):
        given_values = case.one(neuron)
        assert evaluate(simple, PLAIN, *given_values) == evaluate(
            case.integers, PLAIN, *given_values
        )


@settings(max_examples=few(150))
@given(cases())
def test_hoisted_parts_are_the_whole(case: Case) -> None:
    parts = hoisted(case.integers)
    for neuron in range(NEURONS):
        states, inputs, parameters = case.one(neuron)
        assert before(case.integers, parts, states, inputs, parameters) == evaluate(
            case.integers, PLAIN, states, inputs, parameters
        )


def before(equations: Equations, parts: Any, states: Any, inputs: Any, parameters: Any) -> Any:
    """Evaluate both parts: the results of `before` are the inputs of the step."""
    values = {}
    for name, result in zip(parts.step.inputs, parts.results, strict=True):
        prepare = replace(
            equations, operations=parts.before, next_states=(), states=(), output=result
        )
        values[name] = evaluate(prepare, PLAIN, {}, inputs, parameters)[1]
    return evaluate(parts.step, PLAIN, states, values, parameters)


def test_no_state_enters_what_is_hoisted() -> None:
    parts = hoisted(CUBA)
    assert {o.op for o in parts.before} == {Op.INPUT, Op.SHIFT_LEFT}
    assert Op.SHIFT_LEFT in {o.op for o in parts.step.operations}
    assert not any(o.op == Op.INPUT and o.attribute == "x" for o in parts.step.operations)


def bounds_of(drive: int, **parameters: int) -> tuple[Interval, ...]:
    values = {"current_decay": 4096, "voltage_decay": 4096, "threshold": 9, "bias": 0} | parameters
    intervals = {name: Interval(value, value) for name, value in values.items()}
    return invariant(CUBA, {"x": Interval(-drive, drive)}, intervals)[1]


def kinds(bounds: tuple[Interval, ...]) -> set[Op]:
    return {operation.op for operation in simplified(CUBA, bounds).operations}


def test_idle_wraps_and_clips_go_and_needed_ones_stay() -> None:
    limits = {Op.WRAP, Op.WRAP_ONCE, Op.CLIP}
    assert not kinds(bounds_of(10)) & limits
    assert kinds(bounds_of(1 << 26, current_decay=1)) & limits == limits
    assert kinds(bounds_of(1 << 16, voltage_decay=1)) & limits == {Op.CLIP}


def test_a_product_with_a_number_and_its_shift_are_one_scaling() -> None:
    leaky = kinds(bounds_of(10, current_decay=1000, voltage_decay=1000))
    assert Op.SCALE_TO_ZERO in leaky
    assert not leaky & {Op.MULTIPLY, Op.SHIFT_TO_ZERO}


def test_what_may_leave_its_format_is_said_with_its_range() -> None:
    quiet, loud = bounds_of(10), bounds_of(1 << 20, voltage_decay=1)
    assert leaves_format(CUBA, quiet, Op.WRAP_ONCE) is None
    assert leaves_format(CUBA, quiet, Op.CLIP) is None
    assert leaves_format(CUBA, loud, Op.WRAP_ONCE) == Interval(-(64 << 20), 64 << 20)
    assert leaves_format(CUBA, loud, Op.CLIP) is not None


def test_what_has_one_value_is_a_constant() -> None:
    silent = simplified(CUBA, bounds_of(0))
    assert {o.op for o in silent.operations} <= {Op.CONSTANT, Op.STATE, Op.PARAMETER}
    assert evaluate(silent, PLAIN, {"u": 0, "v": 0}, {}, dict.fromkeys(silent.parameters, 0)) == (
        {"u": 0, "v": 0},
        0,
    )
