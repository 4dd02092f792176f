"""Findings: layers that do not fit, and those exact in wider floats alone, with remedies."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.program import Dense, Edge, Input, Neuron, Program
from neurodeploy.target import Finding, Severity
from quant import chip_format
from snncore.dynamics import Format, NumberSystem, Overflow, trace
from targets.lynxi.check import check
from targets.lynxi.reduced.certificate import Certificate, Level, is_exact, is_half, terms
from targets.lynxi.reduced.plan import plan_of
from tests.unit.targets.lynxi.programs import dense, driven, image, neurons

DOCUMENT = Path(__file__).parents[4] / "docs/lynxi.md"


def with_weight(weight: Any, **fields: Any) -> Program:
    nodes = dense().nodes
    synapse = replace(nodes[1], weight=np.asarray(weight), **fields)
    first = Input("in", (synapse.weight.shape[1],))
    return Program((first, synapse, nodes[2]), "n")


def graded(threshold: int) -> Program:
    """Return neurons that send their voltage."""

    def step(v: Any, x: Any, *, threshold: Any) -> Any:
        return v, x * threshold

    equations = trace(step, states=("v",), parameters=("threshold",), name="Graded")
    system = NumberSystem("wide", (("v", Format(20, 0)),), (("threshold", 0),))
    parameters = {"threshold": np.asarray(threshold)}
    nodes = dense().nodes[:2]
    return Program((*nodes, Neuron("n", (Edge("d"),), equations, system, parameters)), "n")


def wrapping() -> Program:
    """Return neurons whose state wraps."""
    layer = dense().nodes[2]
    form = Format(8, 0, Overflow.WRAP)
    states = tuple((name, form) for name, _ in layer.system.states)
    return Program(
        (*dense().nodes[:2], replace(layer, system=replace(layer.system, states=states))), "n"
    )


ERRORS: dict[str, tuple[Program, str, str]] = {
    "a weight beyond float16": (with_weight([[5, 2049], [4, 1]]), "d.weight[0, 1]", "2049"),
    "a huge weight": (with_weight([[5, 1 << 20], [4, 1]]), "d.weight[0, 1]", "1048576"),
    "a parameter": (dense(threshold=int("10" * 25, 2)), "n.threshold", "exactly"),
    "a sum that wraps": (with_weight([[90, 90], [1, 1]], accumulator_bits=8), "d", "wrap at 8"),
    "a state that wraps": (wrapping(), "n", "wrap at 8 bits"),
    "four axes": (
        Program((Input("in", (1, 2, 3, 4)), neurons("n", "in")), "n"),
        "in",
        "4 axes",
    ),
    "a late edge": (
        Program((Input("in", (3,)), replace(neurons("n", "in"), inputs=(Edge("in", 2),))), "n"),
        "n",
        "2 steps late",
    ),
    "no neurons": (Program(dense().nodes[:2], "d"), "d", "no neurons"),
    "two inputs": (
        Program((Input("in", (3,)), Input("more", (3,)), neurons("n", "in", "more")), "n"),
        "more",
        "second input",
    ),
    "graded spikes": (graded(100), "n", "beyond the 2048"),
    "delays": (with_weight([[5, 6], [4, 1]], delays=np.array([[0, 1], [0, 0]])), "d.delays", ""),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_name_the_place_and_the_remedy(case: str) -> None:
    program, node, words = ERRORS[case]
    findings = check(program)
    assert findings
    assert all(each.severity == Severity.ERROR and each.remedy for each in findings)
    assert (findings[0].node, words in str(findings[0])) == (node, True), findings[0]


def warned(program: Program) -> dict[str, Finding]:
    findings = check(program)
    assert all(each.severity == Severity.WARNING for each in findings), findings
    return {each.node: each for each in findings}


def test_what_is_exact_in_float16_warns_of_nothing() -> None:
    assert check(image()) == ()
    assert plan_of(image()).level == Level.L0


def test_what_misses_it_says_why_and_what_would_help() -> None:
    warnings = warned(image(scale=9))
    assert set(warnings) >= {"dense", "lif3"}
    assert "exact in float32 (L1)" in warnings["dense"].message
    assert "a smaller fan-in than 24, fewer bits (7 always do)" in str(warnings["dense"].remedy)


def test_currents_are_told_to_be_spikes() -> None:
    weight = np.array([[100, -90, 80]])
    first = driven().nodes[0]
    program = Program((first, Dense("d", Edge("in"), weight), neurons("n", "d")), "n")
    assert warned(program)["d"].remedy == "encode the input as spikes"


def test_what_no_float_holds_is_refused_with_a_remedy() -> None:
    weight = np.full((1, 5000), 200)
    currents = replace(driven().nodes[0], shape=(5000,))
    program = Program((currents, *with_weight(weight).nodes[1:]), "n")
    errors = {each.node: each for each in check(program) if each.severity == Severity.ERROR}
    assert "a partial sum may reach 2048000000, beyond the 16777216" in errors["d"].message
    assert errors["d"].remedy == "encode the input as spikes"
    layer = with_weight(-weight[:, :9]).nodes[2]
    states = tuple((name, Format(30, 0)) for name, _ in layer.system.states)
    wide = replace(layer, system=replace(layer.system, states=states))
    (error,) = check(Program((*with_weight(-weight[:, :9]).nodes[:2], wide), "n"))
    assert (error.node, error.severity) == ("n", Severity.ERROR)
    assert re.search(r"a value may reach 5\d{8}, beyond the 16777216", error.message)
    assert "narrower states" in str(error.remedy)


def test_the_largest_value_that_neurons_may_send_is_that_of_one_float16() -> None:
    synapse = replace(dense().nodes[1], weight=np.ones((3, 2), dtype=np.int64))
    for factor, fits in ((1024, True), (1025, False)):
        nodes = (Input("in", (2,)), synapse, graded(factor).nodes[2])
        beyond = [f for f in check(Program(nodes, "n")) if "beyond the 2048 of" in f.message]
        assert bool(beyond) != fits


def test_a_sum_of_two_to_the_eleven_is_the_last_that_is_exact() -> None:
    assert Certificate(2048).level == Level.L0
    assert Certificate(2049).level == Level.L1
    assert Certificate(1 << 24).level == Level.L1
    assert Certificate(1 << 24).fits
    assert not Certificate((1 << 24) + 1).fits
    assert Certificate(9, half_constants=False).level == Level.L1


@pytest.mark.parametrize("value", [0, -3, 2048, 65504, 1023.5, 0.5])
def test_one_float16(value: float) -> None:
    assert is_half(np.asarray(value))
    (term,) = terms(np.asarray(value))
    assert (term.power, term.value()) == (0, value)


@pytest.mark.parametrize("value", [2049, 1024.5, 65535.5, -32767, 8388607.5, (1 << 24) - 0.5])
def test_sums_of_float16(value: float) -> None:
    assert not is_half(np.asarray(value))
    assert is_exact(np.asarray(value))
    parts = terms(np.asarray([value, 0.0]))
    assert 2 <= len(parts) <= 3
    assert sum(part.value() for part in parts).tolist() == [value, 0.0]


def test_a_sum_of_more_is_not_exact() -> None:
    assert not is_exact(np.asarray(int("10" * 25, 2)))


@pytest.mark.parametrize(("more", "level"), [(0, Level.L0), (2, Level.L0), (3, Level.L1)])
def test_the_documented_limit_of_a_neurons_weights_is_what_stays_in_float16(
    more: int, level: Level
) -> None:
    """With all else at its ends; weights of both signs may each add up to it."""
    said = re.search(
        r"of one sign add up to at most ([\d,]+) a neuron", DOCUMENT.read_text("utf-8")
    )
    assert said is not None
    limit = int(said[1].replace(",", ""))
    assert limit == chip_format("lynxi").fan_in
    rest = limit + more - 10 * 127
    weight = np.array([[127] * 10 + [rest] + [-127] * 10 + [-rest]])
    layer = neurons("n", "d", threshold=511, rest=-511, bias=-255)
    nodes = (Input("in", (22,)), Dense("d", Edge("in"), weight), layer)
    assert plan_of(Program(nodes, "n")).level == level
