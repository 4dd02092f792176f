"""`convert`."""

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from neurodeploy.artifact import digest
from tests.unit.neurodeploy.cli.helpers import Caller, refused, tree
from tests.unit.targets.nir.foreign.files import affine, chain, image, lif


def test_a_vendors_file_becomes_a_model(call: Caller, here: Path) -> None:
    done = call("convert", "artifact/network.net", "-o", "mine.pt", "--json")
    assert done.code == 0
    assert done.document == {"source": "artifact/network.net", "model": "mine.pt", "weights": 45}
    assert call("export", "mine.pt", "--target", "loihi", "-o", "again").code == 0
    first, second = (here / folder / "network.net" for folder in ("artifact", "again"))
    assert first.read_bytes() == second.read_bytes()
    assert "45 weights, equal in every integer" in call("convert", "artifact/network.net").out
    assert (here / "network.pt").exists()


def test_what_is_no_network_is_refused(call: Caller, here: Path) -> None:
    refused(call("convert", "missing.net"), 2, "missing.net", "no such file")
    (here / "words.net").write_text("words")
    refused(call("convert", "words.net"), 2, "words.net")
    assert not (here / "words.pt").exists()


def test_a_file_without_neurons_is_no_network_and_says_what_it_can_do(
    call: Caller, here: Path
) -> None:
    shutil.copy(here / "artifact/network.net", here / "bare.net")
    with h5py.File(here / "bare.net", "r+") as file:
        del file["layer/2/neuron"]
    before = tree(here)
    done = call("convert", "bare.net", "-o", "mine.pt")
    refused(done, 2, "bare.net: ", "remedy: ", "can be run, inspected and verified")
    assert tree(here) == before
    assert call("inspect", "bare.net").code == 0


def test_layers_may_be_called_as_modules_are_and_are_refused_by_name(
    call: Caller, here: Path
) -> None:
    text = (here / "artifact/manifest.json").read_text("utf-8")
    manifest = json.loads(text.replace('"0.synapse"', '"training"'))
    contract = json.dumps(manifest["contract"], sort_keys=True)
    manifest["contract_sha256"] = digest(contract.encode())
    (here / "artifact/manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert call("inspect", "artifact").code == 0
    done = call("convert", "artifact", "-o", "mine.pt")
    assert done.code in (0, 2)
    assert len(done.errors) == done.code // 2
    assert "unexpected" not in done.err


def foreign(path: Path, neurons: str = "lif.1") -> None:
    """Write a file as another framework does."""
    rng = np.random.default_rng(0)
    nodes = [("fc1", affine(rng.normal(0, 1, (6, 4)))), (neurons, lif(6, tau=3e-4, r=3.0))]
    path.write_bytes(image(chain(*nodes, inputs=(4,), outputs=(6,))))


def test_a_nir_file_of_others_becomes_a_model_and_reaches_a_chip(call: Caller, here: Path) -> None:
    foreign(here / "other.nir")
    rng = np.random.default_rng(1)
    np.save(here / "other.npy", (rng.random((12, 4, 4)) < 0.5).astype(np.float32))
    refused(
        call("convert", "other.nir"), 2, "other.nir: lif.1: a LIF counts in seconds", "--dt 0.0001"
    )
    done = call("convert", "other.nir", "--dt", "0.0001", "--profile", "norse", "--json")
    assert done.code == 0
    assert [each["layer"] for each in done.document["became"]] == ["fc1", "lif_1"]
    assert "lif.1: Norse ignores r (3)" in done.document["notes"]
    assert call("inspect", "other.pt").code == 0
    reading = ("--dt", "0.0001")
    written = call("quantize", "other.nir", "--target", "loihi", "--samples", "other.npy", *reading)
    assert written.code == 0
    options = ("--verify", "--samples", "other.npy", "--simulator", "none", "--json")
    verified = call("export", "other-loihi.pt", "--target", "loihi", "-o", "chip", *options)
    assert verified.code == 0
    assert verified.document["report"]["equal"]


def test_a_nir_file_goes_to_a_chip_in_one_command(call: Caller, here: Path) -> None:
    # NIR gives nodes of IF this name, which is a word of Python.
    foreign(here / "other.nir", neurons="if")
    rng = np.random.default_rng(1)
    samples = (rng.random((12, 4, 4)) < 0.5).astype(np.float32)
    np.savez(here / "other.npz", samples=samples, labels=rng.integers(0, 6, 4))
    words = ("convert", "other.nir", "--dt", "0.0001", "--target", "onnx", "--to", "chip")
    done = call(*words, "--samples", "other.npz", "--json")
    assert done.code == 0, done.err
    assert done.document["verification"]["equal"]
    accuracies = done.document["accuracies"]
    assert accuracies.keys() >= {"source", "float", "quantized", "chip"}
    assert accuracies["source"] == accuracies["float"]
    assert (here / "chip/network.onnx").exists()
    assert "--target needs --samples" in call(*words).err


def test_a_wrong_target_or_file_of_samples_is_said_before_anything_is_written(
    call: Caller, here: Path
) -> None:
    foreign(here / "other.nir")
    np.savez(here / "other.npz", samples=np.ones((4, 2, 4), np.float32))
    words, before = ("convert", "other.nir", "--dt", "0.0001", "--target"), tree(here)
    refused(call(*words, "lohi", "--samples", "other.npz"), 2, "no target 'lohi'", "loihi")
    refused(call(*words, "onnx", "--samples", "none.npz"), 2, "none.npz")
    assert tree(here) == before


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.ones((4, 2, 5), np.float32), "samples are (4, 2, 5), but the network takes (T, N, 4)"),
        (np.ones((4, 4), np.float32), "samples are (4, 4), but the network takes (T, N, 4)"),
        (np.full((4, 2, 4), np.nan, np.float32), "NaN or infinite"),
        (np.ones((0, 2, 4), np.float32), "samples are empty"),
    ],
)
def test_wrong_samples_are_said_before_anything_is_written(
    call: Caller, here: Path, samples: NDArray[Any], words: str
) -> None:
    foreign(here / "other.nir")
    np.save(here / "other.npy", samples)
    before = tree(here)
    done = call("convert", "other.nir", "--dt", "0.0001", "-t", "onnx", "--samples", "other.npy")
    refused(done, 2, words, "remedy: give")
    assert tree(here) == before


def test_what_a_nir_file_leaves_open_is_asked_for_by_name(call: Caller, here: Path) -> None:
    foreign(here / "other.nir")
    refused(call("inspect", "other.nir"), 2, "other.nir", "neurodeploy convert")
    for words, error in (
        (("--dt", "0"), "--dt 0: is not the seconds of a step"),
        (("--dt", "0.0001", "--profile", "brian"), "choose one of spec, snntorch"),
        (("--dt", "0.0001", "--option", "reset=both"), "option reset: 'both' is not"),
        (("--dt", "0.0001", "--option", "unit=ms"), "there are reset, neurons"),
    ):
        refused(call("convert", "other.nir", *words), 2, error)
    refused(call("convert", "artifact/network.net", "--dt", "1"), 2, "takes no dt")
