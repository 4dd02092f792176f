"""Sigma-delta layers: what they compute, and which of them Loihi takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Dense, Edge, Input, Neuron, Program, Signal
from neurodeploy.simulator import run_golden, simulate
from neurodeploy.target import Finding, Severity
from snncore.dynamics.zoo.sigma_delta import DELTA, SIGMA, SIGMA_DELTA
from targets.loihi.chip.chips import LOIHI_1
from targets.loihi.chip.format import LOIHI_DELTA, LOIHI_SIGMA, LOIHI_SIGMA_DELTA
from targets.loihi.chip.placement import placement
from targets.loihi.target import target
from tests.conformance.files import cuba, dense, image, net_file

WEIGHT = np.array([[6, -4], [10, 2], [-8, 14]])


def program(bits: int = 6, **changes: Any) -> Program:
    """Return a program that takes numbers, weighs their changes and sums what is sent."""
    values = {"threshold": 3, "gain": 1, "bias": 5} | changes
    scaled = {key: np.asarray(value) * (1 << bits) for key, value in values.items()}
    first = {key: scaled[key] for key in ("threshold", "gain")}
    second = {key: scaled[key] for key in ("threshold", "bias")}
    nodes = (
        Input("input", (2,), Signal.CURRENT),
        Neuron("in", (Edge("input"),), DELTA, LOIHI_DELTA, first, -6),
        Dense("mid.synapse", Edge("in"), WEIGHT, -6),
        Neuron("mid", (Edge("mid.synapse"),), SIGMA_DELTA, LOIHI_SIGMA_DELTA, second, -6),
        Dense("out.synapse", Edge("mid"), WEIGHT.T, -6),
        Neuron("out", (Edge("out.synapse"),), SIGMA, LOIHI_SIGMA, {}, -6),
    )
    return Program(nodes, "out")


def changing(rng_seed: int = 4) -> Any:
    rng = np.random.default_rng(rng_seed)
    return rng.integers(-9, 10, (12, 3, 2)).cumsum(axis=0)


def errors(coded: Program) -> list[Finding]:
    return [finding for finding in target.check(coded) if finding.severity == Severity.ERROR]


@pytest.mark.parametrize("engine", ["golden", "fast"])
def test_changes_are_events_and_a_sum_is_a_value(engine: str) -> None:
    trace = simulate(program(), changing(), engine)
    assert [trace[name].spiking for name in trace] == [True, True, False]
    assert np.count_nonzero(trace["out"].s) > 0
    events = np.count_nonzero(trace["in"].s) + np.count_nonzero(trace["mid"].s)
    assert trace.spikes() == events > 0


def test_delta_sends_what_has_changed_enough() -> None:
    coded = program(bits=2)
    samples = changing()
    sent = run_golden(coded, samples)["in"].s
    value = np.zeros_like(samples[0])
    for step, row in enumerate(samples):
        change = 4 * row - value
        expected = np.where(abs(change) >= 12, change, 0)
        assert np.array_equal(sent[step], expected)
        value = value + expected
    assert 0 < np.count_nonzero(sent) < sent.size


def test_sigma_delta_follows_the_rectified_sum() -> None:
    coded = program()
    samples = changing() * 20
    golden = run_golden(coded, samples)
    sums = golden["in"].s.cumsum(axis=0) @ WEIGHT.T
    # States count in 1/64 of a message.
    assert np.array_equal(golden["mid"].act, np.maximum(sums + (5 << 12), 0))
    assert np.array_equal(golden["mid"].sigma, sums)
    assert (golden["mid"].act == 0).any()
    assert np.array_equal(golden["out"].s, (golden["mid"].s @ WEIGHT).cumsum(axis=0))
    sent = golden["mid"].s.cumsum(axis=0) << 6
    late = abs(golden["mid"].act - sent)
    assert late.max() < (3 << 12) + 12 * 64
    assert golden["mid"].s.min() < 0


def test_the_fast_engine_sends_the_same_numbers() -> None:
    coded, samples = program(), changing() * 1000
    golden, fast = run_golden(coded, samples), simulate(coded, samples, "fast")
    for layer in golden:
        for key, values in golden[layer].values.items():
            assert np.array_equal(values, fast[layer].values[key]), (layer, key)


@pytest.mark.parametrize("bits", [0, 3, 6])
def test_what_was_compiled_is_read_back(bits: int) -> None:
    coded = program(bits)
    artifact = target.compile(coded)
    assert artifact.contract["spike_exp"] == bits
    assert target.read(artifact) == coded


def test_a_bare_file_has_the_usual_fraction() -> None:
    content = target.compile(program(6)).files
    values = target.read(Artifact("loihi", dict(content))).layers[0].parameters
    assert (int(values["threshold"]), int(values["gain"])) == (3 << 6, 1 << 6)


def moved(coded: Program) -> Program:
    """Move the sums to the front, where no loader has them."""
    nodes = (coded.nodes[0], replace(coded.nodes[5], inputs=(Edge("input"),)))
    return Program(nodes, "out")


def uneven(coded: Program) -> Program:
    """Give the neurons unlike thresholds."""
    first, second = coded.layers[0], coded.layers[1]
    values = {**second.parameters, "threshold": np.array([192, 192, 128])}
    nodes = (coded.nodes[0], first, coded.nodes[2], replace(second, parameters=values))
    return Program((*nodes, *coded.nodes[4:]), "out")


@pytest.mark.parametrize(
    ("coded", "node", "words"),
    [
        (program(gain=3), "in.gain", "192 is not 2^6"),
        (uneven(program()), "mid.threshold", "one threshold a layer"),
        (program(bias=1 << 15), "mid.bias", "is not in"),
        (program(threshold=1 << 17), "in.threshold", "is not in"),
        (moved(program()), "out", "needs weights before it"),
    ],
)
def test_what_lava_could_not_hold_is_refused(coded: Program, node: str, words: str) -> None:
    findings = errors(coded)
    assert [each.node for each in findings][:1] == [node]
    assert words in findings[0].message


def test_numbers_fit_the_second_chip_alone() -> None:
    problems = placement(program(), LOIHI_1).problems
    assert problems[0] == ("in", "sends numbers, and a spike of Loihi 1 carries none")
    assert errors(program()) == []
    first, second = target.placements(program())
    assert (first.fits, second.fits) == (False, True)
    assert [each.message_bits for each in second.layers] == [16, 16, 16]


SDNN = {"type": "SDNN", "vThMant": 4}
SUMS = {"type": "SDNN", "sigma_output": 1}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (net_file(dense(WEIGHT, neuron=SDNN | {"vThMant": np.array([1, 2, 3])})), "one number"),
        (net_file(dense(WEIGHT, neuron=SDNN | {"vThMant": np.int8(3)})), "32 bits or more"),
        (net_file(dense(WEIGHT, neuron=SDNN | {"vThMant": -1})), "-1 is not in"),
        (net_file(dense(WEIGHT, neuron=SDNN, bias=np.full(3, 1 << 15))), "does not fit 16 bits"),
        (
            net_file(dense(WEIGHT, neuron=SUMS, bias=np.ones(3, int))),
            "only sums up has none",
        ),
        (net_file(image(2, neuron=cuba()), dense(WEIGHT, neuron={"type": "KWTA"})), "'KWTA'"),
    ],
)
def test_what_stops_lava_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(ArtifactError, match=words):
        target.read(Artifact("loihi", {"some.net": content}))
