"""Verification: every link is equal, differs or was not run, and only equal counts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.artifact import Artifact, read_folder
from neurodeploy.errors import ArtifactError, SamplesError, UnknownNameError
from neurodeploy.program import Program
from neurodeploy.report import Link, Report, Status
from snncore import layer
from tests.unit.neurodeploy.verification.verifying import verify
from tests.unit.plugins import installed

# A target of a third party: the file is the program's own text, the simulator our interpreter.
SOURCE = """
from dataclasses import replace
from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.errors import SimulatorMissingError, SimulatorScopeError
from neurodeploy.program import dumps, loads
from neurodeploy.simulator import run_golden
from neurodeploy.target import Capabilities
from neurodeploy.trace import LayerTrace, Trace


class Chip:
    name = "tiny"
    capabilities = Capabilities("Tiny", (), (), suffixes=(".tiny",))
    simulators = {"own": None, "lost": None, "less": None, "short": None, "wrong": None}

    def check(self, program):
        return ()

    def compile(self, program):
        files = {"net.tiny": dumps(program).encode()}
        return Artifact("tiny", files, {}, program_hashes(program))

    def read(self, artifact):
        return loads(artifact.files["net.tiny"].decode())

    def simulate(self, artifact, samples, *, simulator=None, simulation=None):
        if simulator == "lost":
            raise SimulatorMissingError("lost: it is not here", remedy="find it", log="it printed")
        if simulator == "less":
            raise SimulatorScopeError("less: it knows no such layer")
        simulation.progress("at work")
        trace = run_golden(self.read(artifact), samples)
        layers = {f"layer{n}": trace[name] for n, name in enumerate(trace)}
        if simulator == "short":
            layers.popitem()
        if simulator == "wrong":
            values = dict(layers["layer1"].values)
            values["s"] = values["s"].copy()
            values["s"][2, 1, 0] ^= 1
            layers["layer1"] = LayerTrace(values)
        return Trace(layers, list(layers)[-1])


chip = Chip()
"""


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The third party's distribution, installed."""
    # Where no simulator is installed.
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path / "nothing"))
    with installed(tmp_path, "tiny_chip", SOURCE, tiny="chip"):
        yield


def network() -> nn.Sequential:
    torch.manual_seed(4)
    result = nn.Sequential(
        quant.Block(quant.Conv2d(1, 2, 3, bias=True), quant.CubaLIF(0.5, current_decay=0.5)),
        layer.Flatten(),
        quant.Block(quant.Linear(8, 3), quant.CubaLIF(0.25)),
    )
    with torch.no_grad():
        for parameter in result.parameters():
            parameter.mul_(4)
    return result


SAMPLES = np.random.default_rng(0).integers(0, 2, (9, 4, 1, 4, 4))


def tiny_case(target: str, path: Path | None = None) -> tuple[nn.Module, Program, Artifact]:
    module = network()
    program = nd.lower(module, example=SAMPLES)
    artifact = nd.targets()[target].compile(program)
    return module, program, artifact if path is None else artifact.write(path)


def by_name(report: Report) -> dict[str, Link]:
    return {link.name: link for link in report.links}


def test_every_link_of_a_good_artifact_is_equal() -> None:
    module, program, artifact = tiny_case("tiny")
    said: list[str] = []
    report = verify(artifact, SAMPLES, model=module, program=program, progress=said.append)
    names = ["training = golden", "golden = fast", "program = artifact", "golden = own"]
    assert [link.name for link in report.links] == names
    assert all(link.status == Status.EQUAL and link.requested for link in report.links)
    assert report.equal
    assert report.exit_code == 0
    assert report.first_divergence is None
    golden = nd.simulate(program, SAMPLES)
    for name in ("training = golden", "golden = fast", "golden = own"):
        link = by_name(report)[name]
        assert link.spikes == golden.spikes() > 0
        assert link.compared == sum(
            values.size for trace in golden.layers.values() for values in trace.values.values()
        )
    assert by_name(report)["program = artifact"].compared == program.parameter_count()
    assert said == ["golden interpreter", "training forward", "fast engine", "simulator own",
                    "at work"]  # fmt: skip
    assert [summary.name for summary in report.layers] == ["0", "2"]
    assert sum(summary.spikes for summary in report.layers) == golden.spikes()
    assert report.facts["program"] == program.sha256
    assert report.facts["samples"] == "4 of 9 steps, input (1, 4, 4)"


def test_without_a_model_the_link_to_training_is_not_asked_for() -> None:
    _, _, artifact = tiny_case("tiny")
    report = verify(artifact, SAMPLES)
    link = by_name(report)["training = golden"]
    assert (link.status, link.requested, link.remedy) == (Status.NOT_RUN, False, "--model")
    assert report.equal


def test_a_simulator_that_is_missing_is_not_run_and_never_equal() -> None:
    _, _, artifact = tiny_case("tiny")
    report = verify(artifact, SAMPLES, simulator="lost")
    link = by_name(report)["golden = lost"]
    assert (link.status, link.requested) == (Status.NOT_RUN, True)
    said = (link.reason, link.remedy, link.log)
    assert said == ("lost: it is not here", "find it", "it printed")
    assert not report.equal
    assert report.exit_code == 4


def test_of_all_simulators_only_one_that_knows_less_is_not_asked_for() -> None:
    _, _, artifact = tiny_case("tiny")
    links = by_name(verify(artifact, SAMPLES, simulator="all"))
    assert links["golden = own"].status == Status.EQUAL
    lost, less = links["golden = lost"], links["golden = less"]
    assert (lost.status, lost.requested) == (Status.NOT_RUN, True)
    assert (less.status, less.requested) == (Status.NOT_RUN, False)


def test_lava_that_is_not_installed_is_not_run_and_says_how_to_get_it(tmp_path: Path) -> None:
    module, program, artifact = tiny_case("loihi")
    report = verify(artifact, SAMPLES, model=module, program=program)
    *others, link = report.links
    assert all(other.status == Status.EQUAL for other in others)
    assert (link.name, link.status) == ("golden = lava", Status.NOT_RUN)
    assert link.reason
    assert "neurodeploy simulators install lava" in str(link.remedy)
    assert report.exit_code == 4
    assert not (tmp_path / "nothing").exists()


def test_a_simulator_that_is_left_out_by_request_fails_nothing() -> None:
    _, _, artifact = tiny_case("tiny")
    report = verify(artifact, SAMPLES, simulator="none")
    link = report.links[-1]
    assert (link.status, link.requested, link.reason) == (
        Status.NOT_RUN,
        False,
        "left out by request",
    )
    assert report.equal


def test_a_spike_that_the_simulator_has_wrong_is_named() -> None:
    _, program, artifact = tiny_case("tiny")
    report = verify(artifact, SAMPLES, simulator="wrong")
    divergence = report.first_divergence
    assert divergence is not None
    assert (divergence.layer, divergence.state, divergence.step) == ("2", "s", 2)
    assert (divergence.sample, divergence.neuron) == (1, (0,))
    assert {divergence.expected, divergence.got} == {0, 1}
    assert divergence.expected == nd.simulate(program, SAMPLES)["2"].s[2, 1, 0]
    assert report.exit_code == 1
    assert [link.status for link in report.links[1:3]] == [Status.EQUAL] * 2


def test_a_simulator_that_lacks_a_layer_differs() -> None:
    _, _, artifact = tiny_case("tiny")
    link = verify(artifact, SAMPLES, simulator="short").links[-1]
    assert (link.status, link.reason) == (Status.DIFFERS, "short shows 1 layers of 2")


def test_an_unknown_simulator_lists_those_there_are() -> None:
    _, _, artifact = tiny_case("tiny")
    with pytest.raises(UnknownNameError, match="no simulator 'x' for tiny; there are: own, lost"):
        verify(artifact, SAMPLES, simulator="x")


def test_another_model_than_the_exported_one_is_found() -> None:
    module, program, artifact = tiny_case("tiny")
    with torch.no_grad():
        module[2].synapse.weight[1, 2] += 2 / 64
    report = verify(artifact, SAMPLES, model=module, program=program)
    assert by_name(report)["training = golden"].status == Status.DIFFERS
    # And where the program is that model's, the artifact is the other.
    other = nd.lower(module, example=SAMPLES)
    link = by_name(verify(artifact, SAMPLES, model=module, program=other))["program = artifact"]
    assert link.status == Status.DIFFERS
    assert link.reason is not None
    was, now = (p.by_name["2.synapse"].weight[1, 2] for p in (program, other))
    assert link.reason == f"2.synapse.weight[1, 2]: expected {now}, got {was}"


def damaged(program: Program, **changes: Any) -> Program:
    nodes = tuple(replace(n, **changes) if n.name == "0.synapse" else n for n in program.nodes)
    return replace(program, nodes=nodes)


def bit(program: Program) -> Program:
    weight = program.by_name["0.synapse"].weight.copy()
    weight[1, 0, 2, 0] ^= 2
    return damaged(program, weight=weight)


def test_one_weight_bit_is_found_by_hash_and_by_number() -> None:
    _, program, artifact = tiny_case("tiny")
    files = nd.targets()["tiny"].compile(bit(program)).files
    broken = replace(artifact, files=files)
    link = by_name(verify(broken, SAMPLES))["program = artifact"]
    assert (link.status, link.reason) == (Status.DIFFERS, "0.synapse: is not what was exported")
    link = by_name(verify(broken, SAMPLES, program=program))["program = artifact"]
    was = int(program.by_name["0.synapse"].weight[1, 0, 2, 0])
    assert link.reason == f"0.synapse.weight[1, 0, 2, 0]: expected {was}, got {was ^ 2}"


def test_an_edited_file_is_a_difference(tmp_path: Path) -> None:
    _, program, _ = tiny_case("tiny", tmp_path / "out")
    path = tmp_path / "out" / "net.tiny"
    # The same program, in other words.
    path.write_text(path.read_text() + "\n")
    link = by_name(verify(read_folder(tmp_path / "out"), SAMPLES))["program = artifact"]
    assert (link.status, link.reason) == (
        Status.DIFFERS,
        "net.tiny is not the file that was exported",
    )
    with pytest.raises(ArtifactError, match="is not the file that was exported"):
        nd.read(tmp_path / "out")
    assert program.parameter_count() == link.compared


KERNEL = np.ones((2, 1, 1, 1))
FOREIGN: dict[str, tuple[dict[str, Any], str | None]] = {
    "nothing": ({}, None),
    "a weight": ({"weight": np.full((2, 1, 3, 3), 99)}, "0.synapse.weight[0, 0, 0, 0]: expected"),
    "a kernel": ({"weight": KERNEL, "stride": (2, 2)}, "0.synapse.weight: has another shape"),
    "the width of sums": (
        {"accumulator_bits": 23},
        "accumulator_bits: expected 24, got 23",
    ),
    "the unit, which no file holds": ({"exponent": 3}, None),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_bare_file_is_held_against_the_program_by_place(name: str) -> None:
    _, program, _ = tiny_case("tiny")
    changes, words = FOREIGN[name]
    changed = damaged(program, **changes)
    bare = Artifact("tiny", nd.targets()["tiny"].compile(changed).files)
    link = by_name(verify(bare, SAMPLES, program=program))["program = artifact"]
    assert link.status == (Status.EQUAL if words is None else Status.DIFFERS)
    if words is not None:
        assert words in str(link.reason)
    # Without a model there is nothing to hold it against.
    link = by_name(verify(bare, SAMPLES))["program = artifact"]
    assert (link.status, link.requested, link.remedy) == (Status.NOT_RUN, False, "--model")


def test_labels_give_accuracies_side_by_side() -> None:
    module, program, artifact = tiny_case("tiny")
    labels = nd.simulate(program, SAMPLES).output.sum(axis=0).argmax(axis=1)
    labels[0] += 1
    report = verify(artifact, SAMPLES, labels=labels, model=module, program=program)
    assert report.accuracies == {"quantized": 0.75, "chip": 0.75}
    assert verify(artifact, SAMPLES, labels=labels, simulator="lost").accuracies == {
        "quantized": 0.75
    }
    with pytest.raises(SamplesError, match="labels are"):
        verify(artifact, SAMPLES, labels=labels[:2])


def test_samples_that_do_not_fit_are_refused_before_anything_runs() -> None:
    _, _, artifact = tiny_case("tiny")
    said: list[str] = []
    with pytest.raises(SamplesError):
        verify(artifact, SAMPLES[..., :3], progress=said.append)
    assert said == []


def test_pictures_are_of_a_few_samples() -> None:
    _, _, artifact = tiny_case("tiny")
    many = np.concatenate([SAMPLES] * 3, axis=1)
    trace = verify(artifact, many).trace
    assert trace is not None
    assert trace["0"].v.shape[:2] == (9, 4)
