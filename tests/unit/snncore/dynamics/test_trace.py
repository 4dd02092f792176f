"""Tracing: a step becomes equations, and what is none is named with its neuron, file and line."""

from collections.abc import Callable
from typing import Any

import pytest

from snncore import neuron
from snncore.dynamics import Equations, Op, Symbol, exp, maximum, select, spike, trace
from snncore.dynamics.expression import Recorder
from snncore.dynamics.zoo.spiking import CUBA_LIF, Reset


def leaky(v: Any, x: Any, *, decay: Any) -> Any:
    h = v * decay + x
    s = spike(h - 1.0)
    return select(s, 0.0, h), s


def branching(v: Any, x: Any, *, decay: Any) -> Any:
    return (0.0 if v > decay else v), spike(x)


def forgetful(v: Any, x: Any, *, decay: Any) -> Any:
    return spike(v + x - decay)


def listing(v: Any, x: Any, *, decay: Any) -> Any:
    return [v, spike(x - decay)]


def comparing(v: Any, x: Any, *, decay: Any) -> Any:
    return v, spike(x == decay)


def undefined(v: Any, x: Any, *, decay: Any) -> Any:
    return v * float("nan"), spike(x - decay)


def endless(v: Any, x: Any, *, decay: Any) -> Any:
    return maximum(v, float("-inf")), spike(x - decay)


def huge(v: Any, x: Any, *, decay: Any) -> Any:
    return v * 10**400, spike(x - decay)


def textual(v: Any, x: Any, *, decay: Any) -> Any:
    return v + "1", spike(x - decay)


def positional(v: Any, x: Any, decay: Any) -> Any:
    return v, spike(x - decay)


def misnamed(v: Any, x: Any, *, dekay: Any) -> Any:
    return v, spike(x - dekay)


def swapped(x: Any, v: Any, *, decay: Any) -> Any:
    return v, spike(x - decay)


def inputless(v: Any, *, decay: Any) -> Any:
    return v, spike(v - decay)


WRONG: dict[Callable[..., Any], str] = {
    branching: "select",
    forgetful: r"\(v, spike\), the spike last",
    listing: "the spike last",
    comparing: "== on real numbers",
    undefined: "NaN",
    endless: "infinite",
    huge: "int too large",
    textual: "str",
    positional: "parameters are keyword-only",
    misnamed: "decay, dekay",
    swapped: r"takes \(v, x\)",
    inputless: r"takes \(v, x\)",
}


@pytest.mark.parametrize("step", WRONG, ids=lambda step: step.__name__)
def test_a_wrong_step_is_named_with_its_place(step: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=WRONG[step]) as caught:
        trace(step, states=("v",), parameters=("decay",), name="Mine")
    # The line that is wrong, or the function's first where none is.
    file, line = str(caught.value).split("): ")[0].rsplit(":", 1)
    assert file == f"Mine ({__file__}"
    first = step.__code__.co_firstlineno
    assert first <= int(line) <= first + 8


@pytest.mark.parametrize(
    ("states", "parameters", "words"),
    [
        (("v", "v"), ("decay",), "name v is used twice"),
        (("v",), ("v",), "name v is used twice"),
        (("s",), ("decay",), "may not be called s"),
    ],
)
def test_a_name_that_is_taken_is_refused(
    states: tuple[str, ...], parameters: tuple[str, ...], words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        trace(leaky, states=states, parameters=parameters, name="Mine")


def test_a_function_of_symbols_is_recorded_in_single_assignment() -> None:
    equations = trace(leaky, states=("v",), parameters=("decay",), name="Leaky")
    leaves, operations = equations.operations[:5], equations.operations[5:]
    assert [(o.op, o.attribute) for o in leaves] == [
        (Op.STATE, "v"),
        (Op.INPUT, "x"),
        (Op.PARAMETER, "decay"),
        (Op.CONSTANT, 1.0),
        (Op.CONSTANT, 0.0),
    ]
    kinds = [Op.MULTIPLY, Op.ADD, Op.SUBTRACT, Op.SPIKE, Op.SELECT]
    assert [operation.op for operation in operations] == kinds
    assert (equations.next_states, equations.output) == ((9,), 8)


def test_what_is_computed_twice_is_recorded_once() -> None:
    def repeating(v: Any, x: Any) -> Any:
        return (v + x) * (v + x), spike(v + x)

    equations = trace(repeating, states=("v",), parameters=(), name="Twice")
    assert [o.op for o in equations.operations].count(Op.ADD) == 1


def test_what_nothing_reads_is_left_out() -> None:
    def wasteful(v: Any, x: Any, *, unused: Any) -> Any:
        exp(v * unused)
        return v + x, spike(v)

    equations = trace(wasteful, states=("v",), parameters=("unused",), name="Wasteful")
    assert equations.parameters == ("unused",)
    assert {o.op for o in equations.operations} == {Op.STATE, Op.INPUT, Op.ADD, Op.SPIKE}


def test_zero_and_false_are_different_constants() -> None:
    recorder = Recorder()
    numbers = [recorder.add(Op.CONSTANT, attribute=value) for value in (0, 0.0, False, 0)]
    assert numbers == [0, 1, 2, 0]


def test_symbols_of_two_neurons_do_not_mix() -> None:
    first, second = Symbol(Recorder(), 0), Symbol(Recorder(), 0)
    with pytest.raises(ValueError, match="another"):
        first + second


def steps() -> dict[str, Equations]:
    by_name = {"CubaLIF": CUBA_LIF}
    for reset in Reset:
        by_name[f"IF {reset}"] = neuron.IF(reset=reset).equations
        for inside in (True, False):
            by_name[f"LIF {reset} {inside}"] = neuron.LIF(reset=reset, decay_input=inside).equations
    return by_name


def test_each_neuron_of_the_library_computes_something_of_its_own() -> None:
    everything = list(steps().values())
    assert len(everything) == 10
    assert len({equations.text() for equations in everything}) == len(everything)
    assert not any(a.same_computation(b) for a in everything for b in everything if a is not b)
