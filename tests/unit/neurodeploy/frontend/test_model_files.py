"""Model files: what is saved is loaded, and nothing else is."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import ModelFileError, UnsupportedLayerError
from snncore import layer, neuron, surrogate


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        quant.Block(quant.Conv2d(1, 3, 3, bias=True), quant.CubaLIF(current_decay=0.25)),
        quant.SumPool2d(2),
        layer.Flatten(),
        quant.Linear(12, 4, exponent=-5),
        quant.CubaLIF(0.5, exponent=-5, surrogate=surrogate.Triangle(0.5)),
    )


class _Skip(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(
            {"a": quant.Linear(6, 6), "lif": quant.CubaLIF(), "b": quant.Linear(6, 6)}
        )
        self.last = quant.CubaLIF()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.parts["b"](self.parts["lif"](self.parts["a"](x))) + x)


class _Floats(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            layer.Conv2d(1, 2, 3), neuron.LIF(reset="soft"), layer.SumPool2d(2), layer.Flatten(),
            layer.Linear(8, 3), neuron.IF(), nn.Dropout(0.5), layer.Linear(3, 2), neuron.CubaLIF(),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (_network(), (1, 6, 6)),
        (_Skip(), (6,)),
        (_Floats(), (1, 6, 6)),
        (quant.Block(quant.Linear(3, 2), quant.CubaLIF()), (3,)),
        (nn.Sequential(nn.Sequential(quant.Linear(3, 2), quant.CubaLIF())), (3,)),
    ],
    ids=["sequential", "skip", "floats", "block", "nested"],
)
def test_a_loaded_network_computes_and_lowers_like_the_saved_one(
    network: nn.Module, shape: tuple[int, ...], tmp_path: Path
) -> None:
    network.eval()
    samples = (torch.rand(5, 2, *shape) < 0.5).float()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3)
        before = network(samples)
    nd.save(network, tmp_path / "m.pt")
    loaded = nd.load(tmp_path / "m.pt")
    assert loaded.state_dict().keys() == network.state_dict().keys()
    with torch.no_grad():
        assert torch.equal(loaded(samples), before)
    if not isinstance(network, _Floats):
        assert nd.lower(loaded) == nd.lower(network, example=samples)


def test_the_shape_that_was_seen_is_remembered(tmp_path: Path) -> None:
    network = _network()
    nd.save(network, tmp_path / "unseen.pt")
    with pytest.raises(nd.NeurodeployError, match="shape of the network's input"):
        nd.lower(nd.load(tmp_path / "unseen.pt"))
    nd.save(network, tmp_path / "told.pt", example=torch.zeros(1, 1, 1, 6, 6))
    assert nd.lower(nd.load(tmp_path / "told.pt")).input.shape == (1, 6, 6)


class _Payload:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_that_would_run_code_does_not(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    for name, write in (
        ("torch.pt", lambda path: torch.save({"x": _Payload(trap)}, path)),
        ("bare.pt", lambda path: path.write_bytes(pickle.dumps(_Payload(trap)))),
        ("module.pt", lambda path: torch.save(_network(), path)),
    ):
        write(tmp_path / name)
        with pytest.raises(ModelFileError, match=r"nd\.save"):
            nd.load(tmp_path / name)
    assert not trap.exists()


def test_a_file_cut_anywhere_is_one_clear_error(tmp_path: Path) -> None:
    nd.save(_network(), tmp_path / "m.pt")
    whole = (tmp_path / "m.pt").read_bytes()
    for end in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "cut.pt").write_bytes(whole[:end])
        with pytest.raises(ModelFileError, match=r"cut\.pt"):
            nd.load(tmp_path / "cut.pt")


def test_weights_alone_ask_for_the_architecture(tmp_path: Path) -> None:
    torch.save(_network().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(ModelFileError, match="--build"):
        nd.load(tmp_path / "weights.pt")


def test_a_weight_that_is_no_number_is_named(tmp_path: Path) -> None:
    network = _network()
    with torch.no_grad():
        network[3].weight[1, 2] = float("nan")
    nd.save(network, tmp_path / "m.pt")
    with pytest.raises(ModelFileError, match=r"3\.weight"):
        nd.load(tmp_path / "m.pt")


class _Traced(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.fc = quant.Linear(3, 3)
        self.lif = quant.CubaLIF()
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.lif(self.fc(x))
        if self.kind == "relu":
            return torch.relu(y)
        if self.kind == "number":
            return y + 1
        if self.kind == "twice":
            return self.lif(self.fc(y))
        if self.kind == "branch":
            return y if y.sum() > 0 else x
        if self.kind == "flatten":
            return torch.flatten(y, 1)
        return self.norm(y)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("relu", "relu"),
        ("number", "not a value of the network"),
        ("twice", "used twice"),
        ("branch", "may not branch"),
        ("flatten", "after time and batch"),
        ("unknown", "BatchNorm1d"),
    ],
)
def test_what_cannot_be_exported_is_named_with_a_remedy(kind: str, words: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=words):
        nd.lower(_Traced(kind), example=torch.zeros(1, 1, 3))
