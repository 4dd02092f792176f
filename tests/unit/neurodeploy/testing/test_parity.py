"""A user's test passes only if every link of an export is equal."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Dense, Program
from neurodeploy.target import target
from neurodeploy.testing import assert_parity
from snncore import layer, neuron

TEST = """
def test_network_on_the_chip(parity):
    parity("model.pt", target="onnx")
"""


@pytest.fixture
def network() -> torch.nn.Module:
    net = torch.nn.Sequential(layer.Linear(6, 8, bias=False), neuron.IF(0.2))
    return quant.prepare(net, target="onnx", example=samples())


def samples() -> torch.Tensor:
    return (torch.rand(8, 4, 6, generator=torch.Generator().manual_seed(0)) < 0.6).float()


def test_an_equal_network_passes_and_writes_its_report(
    network: torch.nn.Module, tmp_path: Path
) -> None:
    report = assert_parity(network, target="onnx", samples=samples(), report=tmp_path, form="step")
    assert report.equal
    assert "Equal: " in (tmp_path / "report.txt").read_text()


def test_silence_is_not_parity(network: torch.nn.Module) -> None:
    with pytest.raises(AssertionError, match="silence proves nothing"):
        assert_parity(network, target="onnx", samples=torch.zeros(4, 1, 6), simulator="none")


def test_a_changed_weight_is_named(
    network: torch.nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip = target("onnx")
    compile_whole = chip.compile

    def compile_another(_: object, program: Program, **options: Any) -> nd.Artifact:
        first = program.of_kind(Dense)[0]
        weight = first.weight.copy()
        weight[0, 0] += 40
        nodes = tuple(
            replace(node, weight=weight) if node is first else node for node in program.nodes
        )
        return compile_whole(Program(nodes, program.output), **options)

    monkeypatch.setattr(type(chip), "compile", compile_another)
    with pytest.raises(AssertionError) as failure:
        assert_parity(network, target="onnx", samples=samples(), simulator="none")
    assert "Differs: " in str(failure.value)
    assert "weight" in str(failure.value)


def test_a_missing_simulator_is_not_parity(
    network: torch.nn.Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(AssertionError, match="neurodeploy simulators install reference"):
        assert_parity(network, target="onnx", samples=samples(), simulator="reference")


def test_a_network_that_does_not_fit_is_no_assertion() -> None:
    floats = torch.nn.Sequential(layer.Linear(6, 3), neuron.LIF())
    with pytest.raises(DoesNotFitError):
        assert_parity(floats, target="loihi", samples=samples())


def test_the_fixture_takes_a_file(network: torch.nn.Module, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "model.pt", example=samples())
    (tmp_path / "test_theirs.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    if "neurodeploy.testing.plugin" not in sys.modules:
        command += ["-p", "neurodeploy.testing.plugin"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
