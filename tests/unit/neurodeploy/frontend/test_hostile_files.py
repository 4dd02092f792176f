"""Model files that are damaged, foreign or hostile: one clear error, and nothing of them is run."""

import io
import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import ModelFileError, NeurodeployError
from snncore import layer
from tests.unit.damage import damaged


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        quant.Block(quant.Conv2d(1, 3, 3, bias=True), quant.CubaLIF(current_decay=0.25)),
        layer.Flatten(),
        quant.Linear(48, 4, exponent=-5),
        quant.CubaLIF(0.5, exponent=-5),
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "whole.pt"
    nd.save(network(), path, example=torch.zeros(1, 1, 1, 6, 6))
    return path


class Payload:
    """Unpickled, it would leave a file behind."""

    def __init__(self, trap: Path) -> None:
        self.trap = trap

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trap,)


def hidden(payload: Payload) -> dict[str, Any]:
    """A model file's document with the payload where a layer's option belongs."""
    document = {"format": "neurodeploy-model", "version": 1, "input_shape": [3], "output": "0"}
    config = {"in_features": 3, "out_features": payload, "bias": False}
    layers = {"0": {"type": "layer.Linear", "config": config}}
    calls = [["0", "module", ["input"], "0"]]
    return document | {"calls": calls, "layers": layers, "tensors": {}}


TRAPS: dict[str, Callable[[Payload, Path], object]] = {
    "a torch file": lambda payload, path: torch.save({"x": payload}, path),
    "a bare pickle": lambda payload, path: path.write_bytes(pickle.dumps(payload)),
    "an old torch file": lambda payload, path: torch.save(
        payload, path, _use_new_zipfile_serialization=False
    ),
    "a model file": lambda payload, path: torch.save(hidden(payload), path),
    "a module": lambda payload, path: torch.save(network(), path),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_pickle_that_would_run_code_does_not(name: str, tmp_path: Path) -> None:
    trap, path = tmp_path / "ran", tmp_path / "hostile.pt"
    TRAPS[name](Payload(trap), path)
    with pytest.raises(ModelFileError, match=r"hostile\.pt: .*nd\.save"):
        nd.load(path)
    assert not trap.exists()
    # The trap works where it is let.
    if name == "a bare pickle":
        pickle.loads(path.read_bytes())
        assert trap.exists()


def empty(path: Path) -> None:
    path.touch()


def folder(path: Path) -> None:
    path.mkdir()


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("data.pkl", b"nothing")


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "there is no such file"),
    "empty": (empty, "is empty"),
    "a folder": (folder, "is not a regular file"),
    "text": (lambda path: path.write_text("hello\n" * 99), "not a model file"),
    "bytes": (lambda path: path.write_bytes(bytes(range(256)) * 9), "not a model file"),
    "an archive": (archive, "damaged, or not a model file|not a model file"),
    "a tensor": (lambda path: torch.save(torch.ones(2), path), "holds a Tensor, not a model"),
    "a list": (lambda path: torch.save([1], path), "holds a list, not a model"),
    "nothing": (lambda path: torch.save({}, path), "no model of ours"),
    "weights alone": (
        lambda path: torch.save(network().state_dict(), path),
        "holds weights alone .*--build package.module:function",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_model_file_says_what_it_is(name: str, tmp_path: Path) -> None:
    make, words = FILES[name]
    make(tmp_path / "x.pt")
    with pytest.raises(ModelFileError, match=rf"x\.pt: .*({words})"):
        nd.load(tmp_path / "x.pt")


def test_a_file_cut_anywhere_is_one_clear_error(model: Path, tmp_path: Path) -> None:
    whole = model.read_bytes()
    cut = tmp_path / "cut.pt"
    for end in range(0, len(whole), max(1, len(whole) // 40)):
        cut.write_bytes(whole[:end])
        with pytest.raises(ModelFileError, match=r"cut\.pt"):
            nd.load(cut)


def test_flipped_bytes_are_found_or_leave_a_network(model: Path, tmp_path: Path) -> None:
    whole, refused = model.read_bytes(), 0
    for seed in range(200):
        random = Random(seed)
        flipped = bytearray(whole)
        for _ in range(random.choice((1, 3, 20))):
            flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
        (tmp_path / "flipped.pt").write_bytes(flipped)
        try:
            nd.load(tmp_path / "flipped.pt")
        except ModelFileError:
            refused += 1
    assert refused > 20


def test_damaged_descriptions_are_refused_or_leave_a_network(model: Path, tmp_path: Path) -> None:
    document = torch.load(model, weights_only=True)
    tensors = document.pop("tensors")
    refused, path = [], tmp_path / "damaged.pt"
    for seed in range(200):
        changed = damaged(document, Random(seed)) | {"tensors": tensors}
        torch.save(changed, path)
        try:
            loaded = nd.load(path)
        except ModelFileError as error:
            refused.append(str(error))
            continue
        # What can be read can be used, or says why not.
        with suppress(NeurodeployError):
            nd.lower(loaded)
    assert len(refused) > 100
    assert all(str(path) in words for words in refused)


def changed_document(model: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = deepcopy(torch.load(model, weights_only=True))
    change(document)
    torch.save(document, model)


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a later version": (lambda d: d.update(version=2), "version 2, but this reads 1"),
    "another format": (lambda d: d.update(format="other"), "no model of ours"),
    "no calls": (lambda d: d.pop("calls"), "calls"),
    "an unknown layer": (
        lambda d: d["layers"]["2"].update(type="os.system"),
        "not a layer that we",
    ),
    "an unknown option": (
        lambda d: d["layers"]["2"]["config"].update(x=1),
        "not a layer that we kn",
    ),
    "a call of nothing": (
        lambda d: d["calls"][2].__setitem__(2, ["lost"]),
        "reads a value that is not th",
    ),
    "a call of two": (
        lambda d: d["calls"][2].__setitem__(2, ["0", "1"]),
        "reads 2 values, but takes 1",
    ),
    "another function": (lambda d: d["calls"][2].__setitem__(1, "eval"), "eval of 1 values"),
    "no output": (lambda d: d.update(output="lost"), "does not name an output that it computes"),
    "a weight missing": (lambda d: d["tensors"].pop("2.weight"), "Missing key.*2.weight"),
    "a weight too many": (lambda d: d["tensors"].update(x=torch.ones(1)), "Unexpected key.*x"),
    "a weight of another shape": (
        lambda d: d["tensors"].update({"2.weight": torch.ones(4, 47)}),
        "size mismatch for 2.weight",
    ),
    "a NaN weight": (
        lambda d: d["tensors"]["2.weight"].fill_(float("nan")),
        "2.weight: a value is NaN or infinite",
    ),
    "a complex weight": (
        lambda d: d["tensors"].update({"2.weight": torch.ones(4, 48, dtype=torch.cfloat)}),
        "2.weight: is not a plain array",
    ),
    "a number for a weight": (lambda d: d["tensors"].update({"2.weight": 1}), "do not fit"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_description_that_makes_no_sense_says_why(name: str, model: Path) -> None:
    change, words = CHANGES[name]
    changed_document(model, change)
    with pytest.raises(ModelFileError, match=words):
        nd.load(model)


def test_a_file_that_claims_a_huge_layer_takes_no_memory(model: Path) -> None:
    def grow(document: dict[str, Any]) -> None:
        document["layers"]["2"]["config"]["out_features"] = 1 << 40

    changed_document(model, grow)
    with pytest.raises(ModelFileError, match="do not fit"):
        nd.load(model)


def make_network() -> nn.Module:
    """Return the network that `--build` names in the test below."""
    return network()


def test_weights_alone_are_read_into_an_architecture_of_ones_own(tmp_path: Path) -> None:
    trained = network()
    with torch.no_grad():
        trained[2].weight.fill_(0.5)
    torch.save(trained.state_dict(), tmp_path / "weights.pt")
    builder = f"{__name__}:make_network"
    loaded = nd.load(tmp_path / "weights.pt", build_with=builder)
    assert torch.equal(loaded[2].weight, trained[2].weight)
    for reference, words in (
        ("nowhere:make", "ModuleNotFoundError"),
        (f"{__name__}:nothing", "AttributeError"),
        ("", "give package.module:function"),
        (f"{__name__}:network().pop", "AttributeError"),
        ("builtins:dict", "returned a dict"),
        ("sys:exit", "SystemExit"),
    ):
        with pytest.raises(ModelFileError, match=words):
            nd.load(tmp_path / "weights.pt", build_with=reference)


def test_a_stream_is_not_a_path() -> None:
    with pytest.raises(TypeError):
        nd.load(io.BytesIO(b""))
