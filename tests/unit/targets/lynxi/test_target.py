"""The whole way: a program to a package, back, and through both simulators."""

import json
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import DoesNotFitError, SamplesError, ValidationError
from neurodeploy.program import Conv2d, Dense, Program
from neurodeploy.simulator import run_golden
from neurodeploy.target import targets
from neurodeploy.verification.compare import compare
from snncore.dynamics.zoo.spiking import Reset
from targets.lynxi import target
from targets.lynxi.package.tensors import Store
from targets.lynxi.reduced.plan import plan_of
from tests.unit.targets.lynxi.programs import dense, driven, image, neurons, spikes

RESETS = [Reset.HARD, Reset.SOFT]
PROGRAMS = {
    "image, hard": image(Reset.HARD),
    "image, soft": image(Reset.SOFT),
    "large weights, hard": image(Reset.HARD, 9),
    "large weights, soft": image(Reset.SOFT, 9),
    "currents": driven(leak=16),
    "rest": dense(rest=-40, threshold=70),
}


def test_it_is_found() -> None:
    assert targets()["lynxi"] is target


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_package_holds_the_program(name: str) -> None:
    program = PROGRAMS[name]
    artifact = target.compile(program)
    assert target.read(artifact) == program
    assert target.compile(program).files == artifact.files


@pytest.mark.parametrize("simulator", ["interpreter", "float16"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_simulators_equal_golden(name: str, simulator: str) -> None:
    program = PROGRAMS[name]
    samples = spikes(program)
    golden = run_golden(program, samples)
    assert all(golden[layer].s.any() for layer in golden)
    trace = target.simulate(target.compile(program), samples, simulator=simulator)
    link = compare(simulator, golden, trace, 0.0)
    assert link.same, link.divergence or link.reason
    assert all(set(trace[layer].values) == {"s", "v"} for layer in golden)


def golden_vectors(name: str) -> tuple[Any, dict[str, Any]]:
    """Return a package's golden vectors, and how to read them."""
    artifact = target.compile(PROGRAMS[name], steps=5)
    store = Store(artifact.files)
    return store, json.loads(artifact.files["network.json"])["golden"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_golden_vectors_are_the_golden_interpreters(name: str) -> None:
    store, golden = golden_vectors(name)
    samples = store.array(golden["network"]["input"], "input").astype(np.int64)
    trace = run_golden(PROGRAMS[name], samples)
    assert samples.shape[0] == 5
    assert set(golden["network"]["layers"]) == set(trace)
    for layer, arrays in golden["network"]["layers"].items():
        assert (store.array(arrays["s"], layer) == trace[layer].s).all()
        assert (store.array(arrays["v"], layer) == trace[layer].v[-1]).all()


@pytest.mark.parametrize("name", PROGRAMS)
def test_worst_cases_reach_what_is_certified(name: str) -> None:
    store, golden = golden_vectors(name)
    plan, weighted = plan_of(PROGRAMS[name]), 0
    assert [case["layer"] for case in golden["layers"]] == [p.name for p in plan.layers]
    for case in golden["layers"]:
        for synapse, reference in case["sums"].items():
            certificate, sums = plan.by_name[synapse].certificate, store.array(reference, synapse)
            assert np.abs(sums.astype(np.int64)).max() <= certificate.bound
            weighted += isinstance(plan.by_name[synapse].node, Dense | Conv2d)
        if len(case["sums"]) == 1:
            assert case["largest_sum"] == certificate.bound, case["layer"]
    assert weighted or name == "currents"


def test_levels() -> None:
    levels = {name: target.compile(p).contract["level"] for name, p in PROGRAMS.items()}
    assert levels["image, hard"] == "L0"
    assert levels["large weights, hard"] == "L1"


def test_what_errs_is_not_compiled() -> None:
    with pytest.raises(DoesNotFitError, match=r"does not fit lynxi: d\.weight"):
        target.compile(dense(4097))


@pytest.mark.parametrize("steps", [0, 4097])
def test_steps_that_cannot_be_unrolled_are_refused(steps: int) -> None:
    with pytest.raises(ValidationError, match="steps"):
        target.compile(dense(), steps=steps)


def test_currents_beyond_float16_are_refused_by_the_reduced_modules() -> None:
    program = driven()
    samples = np.full((2, 1, 3), 2049)
    artifact = target.compile(program)
    with pytest.raises(SamplesError, match="take -2048 to 2048"):
        target.simulate(artifact, samples, simulator="float16")
    golden = run_golden(program, samples)
    assert (target.simulate(artifact, samples).output == golden.output).all()


def test_a_layer_that_never_fires_has_its_shape() -> None:
    quiet = Program((*dense().nodes[:2], neurons("n", "d", threshold=900, leak=64)), "n")
    trace = target.simulate(target.compile(quiet), spikes(quiet), simulator="float16")
    assert trace.output.shape == (8, 3, 2)
    assert not trace.output.any()
