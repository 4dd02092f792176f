"""Resonators: what they compute, which of them Loihi takes, and how its loader reads decays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, SimulatorScopeError
from neurodeploy.program import Dense, Edge, Input, Neuron, Program
from neurodeploy.report import Status
from neurodeploy.simulator import run_golden
from neurodeploy.target import Severity
from snncore.dynamics.evaluate import evaluate
from snncore.dynamics.words import TABLE
from snncore.dynamics.zoo.resonator import RESONATOR
from targets.loihi.chip.format import LOIHI_RESONATOR, RESETTING_RESONATOR
from targets.loihi.target import target
from tests.conformance.foreign import MIXED, complex_dense, resonators

REAL = np.array([[40, -60], [22, 80], [-90, 34]])
VALUES = {"sine": 1200, "cosine": 3800, "threshold": 30}


def program(kind: Any = RESONATOR, **changes: Any) -> Program:
    """Return spikes through complex weights."""
    values = {key: np.asarray(value) for key, value in (VALUES | changes).items()}
    edges = (Edge("n.real"), Edge("n.imag"))
    nodes = (
        Input("input", (2,)),
        Dense("n.real", Edge("input"), REAL, -6),
        Dense("n.imag", Edge("input"), REAL[::-1], -6),
        Neuron("n", edges, kind, LOIHI_RESONATOR, values, -6, kind.inputs),
    )
    return Program(nodes, "n")


def with_imaginary(**changes: Any) -> Program:
    first, real, imag, neuron = program().nodes
    return Program((first, real, replace(imag, **changes), neuron), "n")


def samples(steps: int = 40) -> Any:
    return (np.random.default_rng(3).random((steps, 2, 2)) < 0.5).astype(np.int64)


def errors(checked: Program) -> list[str]:
    return [str(each) for each in target.check(checked) if each.severity == Severity.ERROR]


def test_a_resonator_turns_a_complex_state() -> None:
    turn, state = 0.9 * np.exp(0.4j), 0.3 + 0.2j
    parameters = {"sine": turn.imag, "cosine": turn.real, "threshold": 0.1}
    parts = {"real": state.real, "imag": state.imag}
    following, _ = evaluate(RESONATOR, TABLE, parts, {"a": 0.5, "b": -0.7}, parameters)
    assert complex(following["real"], following["imag"]) == pytest.approx(turn * state + 0.5 - 0.7j)


def test_it_fires_when_its_phase_passes_zero() -> None:
    trace = run_golden(program(), samples())["n"]
    before = np.concatenate([np.zeros_like(trace.imag[:1]), trace.imag[:-1]])
    expected = (trace.real >= 30 << 6) & (trace.imag >= 0) & (before < 0)
    assert np.array_equal(trace.s, expected)
    assert 0 < trace.s.sum() < trace.s.size // 4


def test_the_other_fires_at_its_threshold_and_starts_just_below() -> None:
    trace = run_golden(program(RESETTING_RESONATOR), samples())["n"]
    fired = trace.s == 1
    assert fired.any()
    assert (trace.imag[fired] == (30 << 6) - 1).all()
    assert not trace.real[fired].any()
    assert trace.imag.max() < 30 << 6


@pytest.mark.parametrize("kind", [RESONATOR, RESETTING_RESONATOR])
@pytest.mark.parametrize("sine", [0, -1, 4096, np.array([-4096, 0, 17])])
def test_what_was_compiled_is_read_back(kind: Any, sine: Any) -> None:
    compiled = program(kind, sine=sine)
    assert target.read(target.compile(compiled)) == compiled


def test_decays_are_written_so_that_every_loader_cuts_them_down_alike(tmp_path: Path) -> None:
    path = tmp_path / "n.net"
    path.write_bytes(target.compile(program(sine=-7, cosine=0)).files["network.net"])
    with h5py.File(path) as file:
        neuron = file["layer/1/neuron"]
        assert (neuron["sinDecay"][()], neuron["cosDecay"][()]) == (-7.5, 0)
        assert neuron["type"][()] == b"RF_PHASE"


def test_whole_decays_are_read_as_meant_and_not_given_to_lava() -> None:
    bare = Artifact("loihi", {"network.net": complex_dense(neuron=resonators(2000, -3000))})
    loaded = target.read(bare)
    assert int(loaded.layers[0].parameters["sine"]) == 2000
    with pytest.raises(SimulatorScopeError, match=r"layer0.neuron: .*depends on the processor"):
        target.simulate(bare, np.ones((3, 1, 2), dtype=np.int64), simulator="lava")
    assert target.read(target.compile(loaded)) == loaded


def test_a_report_says_why_lava_was_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "foreign.net"
    path.write_bytes(complex_dense(neuron=resonators(2000, -3000)))
    report = nd.verify(path, samples=nd.RandomSamples(9, 2, 0.5, 1), simulator="lava")
    links = {link.name: link for link in report.links if link.requested}
    assert links["golden = fast"].status == Status.EQUAL
    assert links["golden = lava"].status == Status.NOT_RUN
    assert "depends on the processor" in str(links["golden = lava"].reason)
    assert not report.equal


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (program(sine=4097), "n.sine: 4097 is not in -4096..4096"),
        (program(threshold=1 << 17), "n.threshold: 131072 is not in"),
        (program(threshold=[1, 2, 3]), "n.threshold: .*give one value"),
        (with_imaginary(weight=REAL * 0), "n.imag.weight: every weight is 0"),
        (with_imaginary(weight=REAL * 4), r"n.imag.weight\[.*does not fit"),
        (
            with_imaginary(weight=-np.array([[8, 3], [1, 8], [5, 2]])),
            "n.imag.weight.*the loader would make",
        ),
        (with_imaginary(delays=abs(REAL)), "n.imag.delays: the loader ignores delays"),
    ],
)
def test_what_the_loader_would_change_is_refused(refused: Program, words: str) -> None:
    messages = errors(refused)
    assert messages
    with pytest.raises(ValueError, match=words):
        raise ValueError(messages[0])


def test_both_parts_are_needed_in_their_order() -> None:
    first, real, imag, neuron = program().nodes
    assert isinstance(neuron, Neuron)
    turned = replace(neuron, inputs=neuron.inputs[::-1])
    assert "chain without branches" in errors(Program((first, real, imag, turned), "n"))[0]
    alone = replace(neuron, inputs=(Edge("n.real"), Edge("n.real")))
    assert errors(Program((first, real, alone), "n"))


def test_resonators_fit_the_second_chip_alone() -> None:
    first, second = target.placements(program())
    assert first.problems == (("n", "has Resonator neurons, and those of Loihi 1 are CUBA LIF"),)
    assert second.fits
    assert second.layers[0].synapses == 2 * REAL.size


def test_states_that_may_saturate_are_a_warning() -> None:
    slow = program(sine=0, cosine=4096)
    assert any("saturates" in str(each) for each in target.check(slow))
    quick = program(sine=0, cosine=2000)
    assert not any("saturates" in str(each) for each in target.check(quick))


def test_nothing_of_a_file_is_lost_by_the_name_of_its_kind() -> None:
    kinds = {"RF": RESETTING_RESONATOR, "RF_PHASE": RESONATOR, "ADRF_PHASE": RESONATOR}
    for name, equations in kinds.items():
        content = complex_dense(neuron=resonators() | {"type": name})
        (layer,) = target.read(Artifact("loihi", {"n.net": content})).layers
        assert layer.equations.same_computation(equations)
    assert MIXED.any()


@pytest.mark.parametrize("part", ["real", "imag"])
def test_a_file_whose_complex_weights_are_zero_is_refused(part: str) -> None:
    weight = {"real": MIXED, "imag": MIXED} | {part: MIXED * 0}
    with pytest.raises(
        ArtifactError, match=rf"layer0\.weight\.{part}: is all zero, which the load"
    ):
        target.read(Artifact("loihi", {"network.net": complex_dense(weight=weight)}))
