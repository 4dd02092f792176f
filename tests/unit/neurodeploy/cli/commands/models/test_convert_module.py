"""`convert --build`: a module of the user's with a file of weights, and its way to a chip."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd
from tests.unit.neurodeploy.cli.helpers import Caller, refused, tree

NETS = """
import torch
from torch import nn
from snncore import functional, neuron


class Loop(nn.Module):
    def __init__(self, names=("fc1", "fc2")):
        super().__init__()
        self.names = names
        self.add_module(names[0], nn.Linear(6, 12))
        self.add_module(names[1], nn.Linear(12, 3))
        self.lif1 = neuron.IF(0.4, step_mode="s")
        self.lif2 = neuron.IF(0.3, step_mode="s")

    def forward(self, x):
        functional.reset(self)
        first, second = (getattr(self, name) for name in self.names)
        steps = [self.lif2(second(self.lif1(first(x[:, t])))) for t in range(x.shape[1])]
        return torch.stack(steps).mean(0)


def loop():
    return Loop()


def half():
    return Loop().half()


def bfloat16():
    return Loop().bfloat16()


def renamed():
    return Loop(("inner", "outer"))


def with_example():
    return Loop(), torch.rand(4, 9, 6)
"""


@pytest.fixture
def own(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module, its weights, and samples with labels: batch first, then time."""
    (here / "foreign_nets.py").write_text(NETS)
    monkeypatch.syspath_prepend(str(here))
    sys.modules.pop("foreign_nets", None)
    import foreign_nets

    torch.manual_seed(3)
    module = foreign_nets.loop()
    state = {f"module.{name}": value for name, value in module.state_dict().items()}
    torch.save({"state_dict": state}, here / "trained.pt")  # noqa: TID251
    samples = (np.random.default_rng(0).random((6, 9, 6)) < 0.6).astype(np.float32)
    with torch.no_grad():
        labels = module(torch.from_numpy(samples)).argmax(1).numpy()
    np.savez(here / "data.npz", samples=samples, labels=labels)
    return here


def test_a_module_goes_to_a_chip_in_one_command(call: Caller, own: Path) -> None:
    words = ("convert", "trained.pt", "--build", "foreign_nets:loop", "--samples", "data.npz")
    done = call(*words, "-o", "mine.pt", "--target", "onnx", "--to", "chip", "--json")
    assert done.code == 0, done.err
    document = done.document
    assert document["agreement"]["equal"]
    assert document["agreement"]["spikes"] > 20
    assert document["accuracies"].keys() >= {"source", "float", "quantized", "chip"}
    assert document["accuracies"]["source"] == document["accuracies"]["float"] == 1
    assert document["verification"]["equal"]
    assert (own / "chip/network.onnx").exists()
    network = nd.load(own / "mine.pt")
    assert [name for name, _ in network.named_children()] == ["fc1", "lif1", "fc2", "lif2"]


@pytest.mark.filterwarnings("ignore:encoder. the example is not spikes")
def test_a_target_that_warns_of_a_layer_is_heard(call: Caller, own: Path) -> None:
    with np.load(own / "data.npz") as good:
        np.savez(own / "half.npz", samples=good["samples"] * 0.4 + 0.1)
    words = ("convert", "trained.pt", "--build", "foreign_nets:loop", "--samples", "half.npz")
    before = (own / "trained.pt").read_bytes()
    done = call(*words, "--target", "lynxi", "--to", "chip")
    assert "warning: lif1.synapse: a partial sum may reach" in done.out
    assert "encode the input as spikes" in done.out
    assert done.code == 0, done.err
    # The weights were not written over.
    assert (own / "trained.pt").read_bytes() == before
    assert (own / "trained-converted.pt").exists()


def test_words_say_what_became_what(call: Caller, own: Path) -> None:
    done = call("convert", "trained.pt", "--build", "foreign_nets:with_example", "-o", "mine.pt")
    assert done.code == 0, done.err
    assert "equal spikes in 2 layers of neurons" in done.out
    assert "snncore.IF" in done.out
    assert "its axis 1 is time" in done.out


def test_other_names_are_shown_and_confirmed(call: Caller, own: Path) -> None:
    words = ("convert", "trained.pt", "--build", "foreign_nets:renamed", "--samples", "data.npz")
    refused(call(*words), 2, "fc1.weight is read as inner.weight", "--yes", "--map FILE")
    assert not (own / "trained.onnx").exists()
    assert call(*words, "--yes", "-o", "mine.pt").code == 0
    names = {"fc1.weight": "inner.weight", "fc1.bias": "inner.bias"}
    names |= {"fc2.weight": "outer.weight", "fc2.bias": "outer.bias"}
    (own / "names.json").write_text(json.dumps(names))
    assert call(*words, "--map", "names.json", "-o", "mine.pt").code == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"samples": np.ones((6, 9, 5), np.float32)}, "does not run on an example (6, 9, 5)"),
        ({"samples": np.full((6, 9, 6), np.inf, np.float32)}, "NaN or infinite"),
        ({"labels": np.zeros(9, int)}, "there are 9 labels for 6 samples"),
        ({"labels": np.zeros(5, int)}, "labels are int64 (5,)"),
    ],
)
def test_wrong_samples_are_said_before_anything_is_written(
    call: Caller, own: Path, change: dict[str, Any], words: str
) -> None:
    with np.load(own / "data.npz") as good:
        np.savez(own / "bad.npz", **{**good, **change})
    before = tree(own)
    options = ("--build", "foreign_nets:loop", "--samples", "bad.npz", "--target", "onnx")
    refused(call("convert", "trained.pt", *options), 2, words, "remedy: give")
    assert tree(own) == before


def test_a_module_in_floats_of_16_bits_is_refused_with_the_way_to_32(
    call: Caller, own: Path
) -> None:
    words = ("convert", "trained.pt", "--samples", "data.npz", "--build")
    for name, kind in (("half", "float16"), ("bfloat16", "bfloat16")):
        fragments = (f"Loop: computes in {kind} (fc1.weight)", "remedy: call .float() on it")
        refused(call(*words, f"foreign_nets:{name}"), 2, *fragments)


def test_what_is_missing_is_said(call: Caller, own: Path) -> None:
    refused(
        call("convert", "trained.pt", "--build", "foreign_nets:loop"), 2, "nothing to run it on"
    )
    done = call("convert", "trained.pt", "--yes")
    assert done.code == 2
    assert "need --build" in done.err
