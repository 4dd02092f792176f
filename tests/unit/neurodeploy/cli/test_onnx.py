"""ONNX through the command line: forms, floats, bare files and edited ones."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import neurodeploy as nd
from snncore import layer, neuron
from tests.unit.neurodeploy.cli.helpers import Caller, refused, tree

EXPORT = ("export", "model.pt", "-t", "onnx", "-o", "net")


def flip(path: Path) -> None:
    """Flip the highest bit but one of the first weight."""
    model = onnx.load(path)
    numbers = np.frombuffer(model.graph.initializer[0].raw_data, np.int8).copy()
    numbers[0] ^= 64
    model.graph.initializer[0].raw_data = numbers.tobytes()
    path.write_bytes(model.SerializeToString(deterministic=True))


@pytest.mark.parametrize("form", ["scan", "step", "unrolled"])
def test_a_form_is_chosen_and_read_back(call: Caller, here: Path, form: str) -> None:
    assert call(*EXPORT, "--form", form).code == 0
    document = call("inspect", "net/network.onnx", "--json").document
    assert document["kind"] == "vendor's file"
    assert [each["name"] for each in document["layers"]]
    for artifact in ("net", "net/network.onnx"):
        words = ("verify", artifact, "--model", "model.pt", "--simulator", "none", "--json")
        done = call(*words)
        assert done.code == 0, done
        assert [link["status"] for link in done.document["links"]] == ["equal"] * 3 + ["not run"]
    before = tree(here / "net")
    assert call(*EXPORT, "--option", f"form={form}").code == 0
    assert tree(here / "net") == before


def test_options_are_listed_and_checked(call: Caller, here: Path) -> None:
    (onnx_,) = [t for t in call("targets", "--json").document["targets"] if t["name"] == "onnx"]
    assert onnx_["options"]["form"]["choices"] == ["scan", "step", "unrolled"]
    assert onnx_["suffixes"] == [".onnx"]
    words = " ".join(call("targets").out.split())
    assert "scan, step, unrolled; scan by default" in words
    before = tree(here)
    refused(call(*EXPORT, "--form", "ring"), 2, "'ring' is not scan or step or unrolled")
    words_of = ("--form", "unrolled", "--option", "steps=0")
    refused(call(*EXPORT, *words_of), 2, "steps: 0 is not in 1..4096")
    assert tree(here) == before


def test_a_flipped_bit(call: Caller, here: Path) -> None:
    assert call(*EXPORT).code == 0
    flip(here / "net/network.onnx")
    refused(call("inspect", "net"), 2, "network.onnx is not the file that was exported")
    refused(call("verify", "net/network.onnx"), 2, "its numbers are not those that were exported")
    done = call("verify", "net", "--model", "model.pt", "--simulator", "none", "--json")
    assert done.code == 1
    (link,) = [each for each in done.document["links"] if each["status"] == "differs"]
    assert link["name"] == "program = artifact"
    assert "weight[0, 0]: expected" in link["reason"]


def test_voltages_of_a_readout_are_no_spikes(call: Caller, here: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        layer.Linear(6, 5), neuron.LIF(threshold=0.2), layer.Linear(5, 3), neuron.LeakyIntegrator()
    )
    nd.save(network, here / "readout.pt")
    samples = ("--samples", "samples.npz")
    assert call("export", "readout.pt", "-t", "onnx", "-o", "net", *samples).code == 0
    run = call("run", "net", *samples, "--json").document
    fires, readout = run["layers"]
    assert run["spikes"] == fires["spikes"] > 0
    assert (fires["largest"], readout["spikes"], readout["rate"]) == (None, None, None)
    assert 0.01 < readout["largest"] < 10
    words = call("run", "net", *samples).out.splitlines()[-2]
    assert words.split()[:5] == ["3", "3", "values", "up", "to"]
    # The voltages of all steps, each with its fraction, choose the class.
    trace = nd.simulate(nd.read(here / "net"), np.load("samples.npy"))
    right = trace.output.sum(axis=0).argmax(axis=1) == np.load("samples.npz")["labels"]
    assert run["accuracy"] == right.mean()
    verify = ("verify", "net", "--model", "readout.pt", "--simulator", "none", *samples)
    document = call(*verify, "--json").document
    assert [each["spikes"] for each in document["layers"]] == [fires["spikes"], None]
    assert [each["spikes"] for each in document["links"][:1]] == [fires["spikes"]]
    assert not document["silent"]
    assert "values up to" in call(*verify).out


def test_files_that_are_none_of_ours(call: Caller, here: Path) -> None:
    assert call(*EXPORT).code == 0
    content = (here / "net/network.onnx").read_bytes()
    (here / "cut.onnx").write_bytes(content[: len(content) // 2])
    (here / "empty.onnx").write_bytes(b"")
    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    (here / "foreign.onnx").write_bytes(model.SerializeToString())
    for name, words in (
        ("cut", "is not an ONNX file, or is cut off or damaged"),
        ("empty", "is not an ONNX file, or is cut off or damaged"),
        ("foreign", "was not written by neurodeploy"),
    ):
        for command in ("inspect", "verify"):
            refused(call(command, f"{name}.onnx"), 2, f"{name}.onnx: {words}", "remedy: export")


def test_floats_are_marked(call: Caller, here: Path) -> None:
    done = call("export", "float.pt", "-t", "onnx", "-o", "net", "--samples", "samples.npz")
    assert done.code == 0, done
    assert "equal within a tolerance, not on every bit" in done.out
    words = ("verify", "net", "--model", "float.pt", "--simulator", "none", "--json")
    document = call(*words, "--samples", "samples.npz").document
    assert (document["equal"], document["exact"]) == (True, False)
    assert document["links"][0]["status"] == "equal within tolerance"
    assert call("inspect", "net", "--json").document["note"].endswith("a network in floats")
    run = call("run", "net", "--samples", "samples.npz", "--trace", "-o", "out.npz")
    assert run.code == 0
    with np.load(here / "out.npz") as out:
        assert out["output"].shape == (8, 4, 3)
    refused(call("run", "net", "--samples", "samples.npz", "--engine", "fast"), 2, "golden")
