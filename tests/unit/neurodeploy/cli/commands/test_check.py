"""`neurodeploy check`: exit code 0 or 3, and nothing written."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.cli import main
from snncore import layer, neuron


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A quantized network that ends in weights."""
    monkeypatch.chdir(tmp_path)
    network = nn.Sequential(quant.Block(quant.Linear(4, 3), quant.CubaLIF()), quant.Linear(3, 2))
    nd.save(network, tmp_path / "model.pt", example=torch.zeros(2, 1, 4))
    return tmp_path / "model.pt"


def test_a_model_that_fits(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(model), "--target", "loihi", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["fits"] is True
    assert document["findings"] == []
    assert [path.name for path in model.parent.iterdir()] == ["model.pt"]


def test_a_model_that_does_not_fit(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = nn.Sequential(layer.Linear(4, 3), neuron.LIF())
    nd.save(network, model, example=torch.zeros(2, 1, 4))
    assert main(["check", str(model), "--target", "loihi"]) == 3
    assert "0: its weights are floats, not on a chip's grid" in capsys.readouterr().err


def test_an_unknown_target_is_bad_usage(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(model), "--target", "moon"]) == 2
    assert "loihi" in capsys.readouterr().err


def test_export_writes_the_report_of_its_verification(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(model), "--target", "loihi", "-o", "out", "--report", "report"]
    assert main([*words, "--simulator", "none", "--verify", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["report_files"]["report"].endswith("report.html")
    assert (model.parent / "report" / "report.json").is_file()
    (model.parent / "report" / "report.json").unlink()
    # A report is one of a verification.
    assert main([*words, "--simulator", "none"]) == 0
    assert (model.parent / "report" / "report.json").is_file()
