"""`prove` and `verify --proofs` on artifacts of every target, and their words for failures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd
import quant
from neurodeploy.errors import ArtifactError, SimulatorMissingError, UnknownNameError
from neurodeploy.flow import pipeline
from neurodeploy.program import Program
from neurodeploy.proof import DIFFERENT
from neurodeploy.sandbox import Environment
from snncore import layer, neuron
from snncore.dynamics import select, spike
from targets.xylo.examples import EXAMPLES
from tests.unit.neurodeploy.cli.helpers import Caller
from tests.unit.programs import small
from tests.unit.targets.loihi import programs as on_loihi
from tests.unit.targets.lynxi import programs as on_card

PROGRAMS: dict[str, Program] = {
    "c": on_card.image(),
    "loihi": on_loihi.network(),
    "lynxi": on_card.image(),
    "onnx": on_card.image(),
    "rtl": on_card.image(),
    "xylo": EXAMPLES["two layers"],
}


@neuron.define(states={"v": 0.0}, params={"decay": 0.5, "threshold": 1.0})
def Own(v: Any, x: Any, *, decay: Any, threshold: Any) -> Any:  # noqa: N802
    """Return a neuron of somebody's own, in five lines."""
    h = decay * v + x
    s = spike(h - threshold)
    return select(s, 0.0, h), s


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Caller:
    """Return the command line, in this process."""
    return Caller(capsys)


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Return the folder of a small network for ONNX."""
    pipeline.compiled(small(), target="onnx").write(tmp_path / "a")
    return tmp_path / "a"


@pytest.mark.parametrize("target", PROGRAMS)
def test_every_layer_is_proved_on(target: str, tmp_path: Path, solvers: Environment) -> None:
    written = pipeline.compiled(PROGRAMS[target], target=target).write(tmp_path / "a")
    before = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    proofs = nd.prove(written)
    assert proofs.proved, [proof.reason for proof in proofs.values()]
    assert len(proofs) == len(PROGRAMS[target].layers)
    after = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir() if p.is_file()}
    assert after == before
    report = nd.verify(written, simulator="none", proofs=True)
    link = next(each for each in report.links if each.name == "program = steps")
    assert link.status == "equal", link.reason
    count = len(list((tmp_path / "a/proofs").glob("*.smt2")))
    assert report.facts["stored certificates"] == f"{count} checked again"
    assert all(each.proof.startswith("proved for all") for each in report.layers)
    for text in (report.to_text(), report.to_json(), report.to_html()):
        assert "proved for all" in text
    # Export may write the folder again.
    pipeline.compiled(PROGRAMS[target], target=target).write(tmp_path / "a")
    assert not (tmp_path / "a/proofs").exists()


@pytest.mark.parametrize("target", ["onnx", "lynxi", "c", "rtl"])
def test_a_users_own_neuron_is_proved(target: str, tmp_path: Path, solvers: Environment) -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(layer.Linear(6, 8, bias=False), Own())
    x = (torch.rand(8, 3, 6) < 0.5).float()
    prepared = quant.prepare(network, target="onnx" if target == "c" else target, example=x)
    written = nd.export(prepared.eval(), target=target, path=tmp_path / "a", example=x)
    proofs = nd.prove(written)
    assert proofs.proved, [proof.reason for proof in proofs.values()]


def test_the_two_solvers_agree(artifact: Path, solvers: Environment) -> None:
    proofs = nd.prove(artifact, solver="z3", timeout=60)
    assert proofs["n"].status in ("proved", "not proved")
    with pytest.raises(UnknownNameError, match="bitwuzla, z3"):
        nd.prove(artifact, solver="yices")


def test_the_command_says_what_is_proved(artifact: Path, run: Caller, solvers: Environment) -> None:
    result = run("prove", artifact, "--json")
    document = result.document
    assert result.code == 0
    assert document["proved"] is True
    assert document["layers"][0]["status"] == "proved"
    assert document["layers"][0]["methods"] == ["bitwuzla 0.10.0"]
    assert document["sums"][0]["fits"] is True
    assert run("prove", artifact).out.startswith("Proved: every layer's step")


def test_no_time_is_no_proof(artifact: Path, run: Caller, solvers: Environment) -> None:
    result = run("prove", artifact, "--timeout", "0.001")
    assert result.code == 4
    assert "Not proved" in result.out
    assert "gave no answer in 0.001 s" in result.out
    assert run("prove", artifact, "--timeout", "0").code == 2


def test_without_solvers_there_is_one_clear_error(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path / "empty"))
    with pytest.raises(SimulatorMissingError, match="simulators install solvers"):
        nd.prove(artifact)
    report = nd.verify(artifact, simulator="none", proofs=True)
    link = report.links[-1]
    assert link.status == "not run"
    assert link.remedy == "neurodeploy simulators install solvers"
    assert report.exit_code == 4


def test_an_edited_certificate_is_noticed(artifact: Path, solvers: Environment) -> None:
    nd.prove(artifact)
    (first, *_) = sorted((artifact / "proofs").glob("*.smt2"))
    text = first.read_text("utf-8")
    first.write_text(text.replace("unsat means proved", "sat means proved"), "utf-8")
    link = nd.verify(artifact, simulator="none", proofs=True).links[-1]
    assert link.status == "differs"
    assert "is not the certificate that was written" in str(link.reason)


def test_certificates_of_other_bytes_are_noticed(artifact: Path, solvers: Environment) -> None:
    nd.prove(artifact)
    index = artifact / "proofs/proofs.json"
    document = json.loads(index.read_text("utf-8"))
    document["files"]["network.onnx"] = "0" * 64
    index.write_text(json.dumps(document), "utf-8")
    link = nd.verify(artifact, simulator="none", proofs=True).links[-1]
    assert (link.status, link.reason) == ("differs", DIFFERENT)
    index.write_text("{", "utf-8")
    with pytest.raises(ArtifactError, match=r"proofs\.json: is damaged"):
        nd.verify(artifact, simulator="none", proofs=True)


@pytest.mark.parametrize("content", [b"", b"\x08", b"not a graph"])
def test_a_damaged_file_is_one_clear_error(content: bytes, artifact: Path, run: Caller) -> None:
    (artifact / "network.onnx").write_bytes(content)
    result = run("prove", artifact)
    assert result.code == 2
    assert "network" in result.err or "not an ONNX file" in result.err


def test_floats_have_no_steps_to_prove(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(layer.Linear(6, 4), neuron.LIF())
    x = (torch.rand(4, 2, 6) < 0.5).float()
    written = nd.export(network.eval(), target="onnx", path=tmp_path / "a", example=x)
    with pytest.raises(ArtifactError, match="in floats"):
        nd.prove(written)


def test_a_target_without_the_door_is_not_proved(tmp_path: Path, run: Caller) -> None:
    pipeline.compiled(small(), target="nir").write(tmp_path / "a")
    result = run("prove", tmp_path / "a")
    assert result.code == 4
    assert "the target does not show the steps that its files compute" in result.out


@pytest.mark.thorough
def test_samples_of_a_counterexample_run_apart(
    tmp_path: Path, solvers: Environment, lava: Environment
) -> None:
    """Lava's sums of 32 bits overflow where a sigma-delta program's largest change does not."""
    from targets.loihi.examples import EXAMPLES

    program = EXAMPLES["sigma-delta"]
    assert isinstance(program, Program)
    written = pipeline.compiled(program, target="loihi").write(tmp_path / "a")
    proofs = nd.prove(written)
    example = proofs["encoder"].counterexample
    assert example is not None
    assert example.file is not None
    with np.load(example.file) as stored:
        samples = stored["samples"]
    report = nd.verify(written, samples=samples, simulator="lava")
    divergence = report.first_divergence
    assert divergence is not None
    assert divergence.layer == "encoder"


@pytest.mark.parametrize("names", [("y", "x0"), ("next_y", "y_2")])
def test_a_state_may_have_the_name_of_a_result(
    names: tuple[str, str], tmp_path: Path, solvers: Environment
) -> None:
    one, other = names
    network = small()
    layer_ = network.layers[0]
    states = dict(zip(layer_.equations.states, names, strict=True))
    operations = tuple(
        replace(each, attribute=states[str(each.attribute)]) if each.op == "state" else each
        for each in layer_.equations.operations
    )
    equations = replace(layer_.equations, states=(one, other), operations=operations)
    system = replace(
        layer_.system,
        states=tuple((states[name], form) for name, form in layer_.system.states),
    )
    renamed = replace(layer_, equations=equations, system=system)
    program = Program((*network.nodes[:-1], renamed), network.output)
    written = pipeline.compiled(program, target="onnx").write(tmp_path / "a")
    proofs = nd.prove(written)
    assert proofs.proved, [proof.reason for proof in proofs.values()]
