"""A user's floats go through save, export, read, verify and run, and are encoded once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.artifact import read_folder
from neurodeploy.errors import ArtifactError, SamplesError, UnsupportedLayerError
from neurodeploy.frontend.from_program import equal_but_for_names, network_of
from neurodeploy.target import encoding_contract, target, with_encoding
from quant.layer.encoder import InputEncoder
from snncore import encoding, layer, neuron
from tests.unit.neurodeploy.cli.helpers import Caller

TARGETS = ("onnx", "lynxi", "loihi")


def network(name: str) -> nn.Module:
    """A network on a target's grid, whose samples are images."""
    torch.manual_seed(2)
    first = encoding.Rate(0.8) if name == "loihi" else encoding.Direct()
    parts = [layer.Conv2d(1, 3, 3, bias=False), neuron.LIF(threshold=0.15), layer.Flatten()]
    floats = nn.Sequential(encoding.Direct(), first, *parts, layer.Linear(27, 4))
    if name != "loihi":
        del floats[1]
    return quant.prepare(floats.eval(), target=name, example=samples()).eval()


def samples() -> Tensor:
    return torch.rand(7, 3, 1, 5, 5, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("name", TARGETS)
def test_one_encoder_everywhere(name: str, tmp_path: Path, capsys: Any) -> None:
    run = Caller(capsys)
    x, model = samples(), tmp_path / "model.pt"
    nd.save(network(name), model, example=x)
    np.save(tmp_path / "x.npy", x.numpy())
    loaded = nd.load(model)
    program = nd.lower(loaded, example=x, target=name)
    artifact = nd.export(loaded, target=name, path=tmp_path / "out", example=x)
    assert nd.read(artifact) == program
    assert program.input.encoding is not None
    assert artifact.contract["input"]["encoding"] == {"exponent": -8, "low": 0, "high": 255}
    with torch.no_grad():
        trained = loaded(x).numpy()
    golden = nd.simulate(program, x)
    assert (golden.output == trained).all()
    assert golden.spikes() > 0
    report = nd.verify(artifact, model=loaded, samples=x, simulator="none")
    assert [link.status.value for link in report.links[:3]] == ["equal"] * 3
    assert nd.verify(artifact, model=loaded, simulator="none").links[0].spikes > 0
    files = ["--samples", tmp_path / "x.npy", "-o", tmp_path / "y.npz"]
    inspected = run("inspect", tmp_path / "out", "--samples", tmp_path / "x.npy")
    assert inspected.code == 0
    assert "current, in integers 2^-8 * 0..255" in inspected.out
    for source in (model, tmp_path / "out"):
        assert run("run", source, *files).code == 0
        assert (np.load(tmp_path / "y.npz")["output"] == trained).all()
    flags = ("--model", model, *files[:2], "--simulator", "none")
    assert run("verify", tmp_path / "out", *flags).code == 0


@pytest.mark.parametrize("name", TARGETS)
def test_an_edited_contract_is_noticed(name: str, tmp_path: Path) -> None:
    nd.export(network(name), target=name, path=tmp_path / "out", example=samples())
    path = tmp_path / "out" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["contract"]["input"]["encoding"]["exponent"] -= 1
    path.write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="contract"):
        nd.read(tmp_path / "out")
    # An insider recomputes the contract's own hash.
    from neurodeploy.artifact import _contract_digest

    manifest["contract_sha256"] = _contract_digest(manifest["contract"])
    path.write_text(json.dumps(manifest))
    assert not read_folder(tmp_path / "out").edited
    report = nd.verify(tmp_path / "out", samples=samples(), simulator="none")
    assert report.links[-2].status.value == "differs" or report.links[1].status.value == "differs"


@pytest.mark.parametrize(
    "described",
    [
        3,
        {"exponent": 0},
        {"exponent": 0, "low": 5, "high": 1},
        {"exponent": 0.5, "low": 0, "high": 1},
    ],
)
def test_what_a_contract_cannot_say_is_refused(described: Any) -> None:
    program = nd.lower(network("onnx"), example=samples())
    with pytest.raises(ArtifactError, match=r"manifest.json: input.encoding"):
        with_encoding(program, {"input": {"encoding": described}})
    assert with_encoding(program, {"input": {}}) == program == with_encoding(program, None)
    assert with_encoding(program, {"input": encoding_contract(program.input.encoding)}) == program


def test_samples_that_are_no_numbers_are_refused() -> None:
    program = nd.lower(network("onnx"), example=samples())
    with pytest.raises(SamplesError, match="NaN"):
        nd.simulate(program, samples() * float("nan"))


def test_double_precision_rounds_as_single_does() -> None:
    trained, x = network("onnx"), samples().double() + 1e-9
    with torch.no_grad():
        assert (trained(x).numpy() == nd.simulate(nd.lower(trained, example=x), x).output).all()


class Beside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = InputEncoder(-4, 0, 15)
        self.first, self.second = quant.Linear(4, 3), quant.Linear(4, 3)
        self.out = quant.CubaLIF()

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.out(self.first(self.encoder(x)) + self.second(x))
        return result


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Beside(), "second: reads the samples beside encoder"),
        (
            nn.Sequential(quant.CubaLIF(), InputEncoder(0), quant.Linear(4, 2), quant.CubaLIF()),
            "1: encodes what",
        ),
        (
            nn.Sequential(encoding.Direct(exponent=-4), layer.Linear(4, 2), neuron.LIF()),
            "0: rounds samples in floats",
        ),
    ],
)
def test_encoders_that_no_program_has(network: nn.Module, words: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=words) as raised:
        nd.lower(network, example=torch.zeros(2, 1, 4))
    assert raised.value.remedy


def test_floats_with_an_encoder_are_exported_as_floats(tmp_path: Path) -> None:
    torch.manual_seed(0)
    floats = nn.Sequential(
        encoding.Direct(),
        layer.Linear(4, 3),
        encoding.Latency(0.2),
        layer.Linear(3, 2),
        neuron.LIF(threshold=0.01),
    )
    x = torch.rand(9, 6, 4)
    artifact = nd.export(floats.eval(), target="onnx", path=tmp_path / "out", example=x)
    assert not artifact.exact
    report = nd.verify(artifact, model=floats, samples=x, simulator="none")
    assert [link.status.value for link in report.links[:2]] == ["equal", "equal"], report.links
    nd.save(floats, tmp_path / "model.pt", example=x)
    assert torch.equal(nd.load(tmp_path / "model.pt")(x), floats(x))


def test_a_learned_step_is_saved(tmp_path: Path) -> None:
    learned = encoding.Direct(5, exponent=-3, learned=True)
    floats, x = nn.Sequential(learned, layer.Linear(4, 3), neuron.LIF()), torch.rand(3, 2, 4)
    with torch.no_grad():
        next(learned.parameters()).fill_(-4.4)
    nd.save(floats, tmp_path / "model.pt", example=x)
    again = nd.load(tmp_path / "model.pt")
    assert again.get_submodule("0").config()["exponent"] == -4
    assert torch.equal(again(x), floats(x))


def test_more_bits_than_a_chip_has_are_named() -> None:
    wide = nn.Sequential(encoding.Direct(12), layer.Linear(4, 3), neuron.LIF(threshold=0.01))
    with pytest.raises(ValueError, match="input: its encoder returns up to 4095"):
        quant.prepare(wide, target="lynxi", example=torch.rand(4, 2, 4))
    assert target("lynxi")


def test_a_directly_coded_network_with_branches_reaches_the_chip(tmp_path: Path) -> None:
    """The neurons that the host drives take the input's role in the chain."""
    torch.manual_seed(0)
    body = nn.Sequential(layer.Conv2d(3, 3, 3, padding=1), neuron.LIF(threshold=0.1))
    parts = [layer.Residual(body), layer.Flatten(), layer.Linear(27, 4)]
    first = [layer.Conv2d(1, 3, 3), neuron.LIF(threshold=0.1)]
    floats, x = nn.Sequential(encoding.Rate(0.6), *first, *parts), samples()
    with pytest.warns(quant.EncoderWarning):
        network = quant.prepare(floats.eval(), target="loihi", example=x).eval()
    artifact = nd.export(network, target="loihi", path=tmp_path / "out", example=x)
    report = nd.verify(artifact, model=network, samples=x, simulator="none")
    assert [link.status.value for link in report.links[:3]] == ["equal"] * 3
    assert artifact.contract["input"]["encoding"] == {"exponent": -8, "low": 0, "high": 255}


@pytest.mark.parametrize("driven", [True, False])
def test_a_program_becomes_a_network_with_its_encoder(driven: bool) -> None:
    torch.manual_seed(0)
    first = [quant.DrivenCubaLIF(0.5, scale=2**-4, exponent=-6)] if driven else []
    block = quant.Block(quant.Linear(4, 3), quant.CubaLIF(0.1))
    network, x = nn.Sequential(InputEncoder(-4, 0, 15), *first, block), torch.rand(5, 2, 4)
    program = nd.lower(network, example=x)
    again = network_of(program)
    assert equal_but_for_names(program, nd.lower(again, example=x))
    with torch.no_grad():
        assert (again(x).numpy() == nd.simulate(program, x).output).all()
