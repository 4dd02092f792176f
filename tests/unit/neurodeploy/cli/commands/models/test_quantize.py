"""`quantize`: a float model onto a grid, what is said of it, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
from snncore import layer, neuron
from snncore.dynamics import select, spike
from tests.unit.neurodeploy.cli.helpers import Caller, refused, tree


def write_float(folder: Path, *layers: nn.Module) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(layer.Linear(6, 8), *layers, neuron.LIF(threshold=0.2))
    nd.save(network, folder / "net.pt")


def test_a_float_model_is_quantized_and_exports(call: Caller, here: Path) -> None:
    write_float(here, layer.BatchNorm1d(8), neuron.LIF(reset="soft"), layer.Linear(8, 3))
    done = call("quantize", "net.pt", "-t", "loihi", "--samples", "samples.npz")
    assert done.code == 0, done.err
    assert "quantized net-loihi.pt (loihi)" in done.out
    assert "a soft reset becomes a hard one" in done.out
    assert "accuracy of the quantized model" in done.out
    assert "next: neurodeploy export net-loihi.pt --target loihi" in done.out
    words = ("export", "net-loihi.pt", "-t", "loihi", "--verify", "--simulator", "none")
    assert call(*words, "--samples", "samples.npz").code == 0


def test_silent_layers_are_named_and_progress_is_shown(call: Caller, here: Path) -> None:
    write_float(here, neuron.LIF(threshold=900.0), layer.Linear(8, 3))
    words = ("quantize", "net.pt", "-t", "onnx", "--format", "int8", "--samples", "samples.npz")
    done = call(*words, "--json")
    assert done.code == 0, done.err
    assert done.document["silent"] == ["1"]
    assert "fitting layer 2 of 2 to the samples: 3" in done.err
    assert "warning: 1: never fires on the samples: its voltage reaches" in done.err


def test_json(call: Caller, here: Path) -> None:
    write_float(here)
    words = ("quantize", "net.pt", "-t", "loihi", "--samples", "samples.npy", "-o", "q.pt")
    document = call(*words, "--format", "loihi", "--json").document
    assert document["model"] == "q.pt"
    assert document["format"] == "loihi"
    assert document["accuracies"] == {}
    (entry,) = document["layers"]
    assert entry["name"] == "1"
    assert entry["float_rate"] > 0
    assert 0 < entry["error"] < 0.1
    program = nd.lower(nd.load(here / "q.pt"))
    assert program.sha256 == document["program_sha256"]


@pytest.mark.filterwarnings("ignore:encoder. the example is not spikes")
def test_measurements_are_encoded_where_the_target_weighs_them(call: Caller, here: Path) -> None:
    np.save(here / "half.npy", np.full((3, 2, 6), 0.5))
    words = ("quantize", "float.pt", "--samples", "half.npy", "-o", "half.pt")
    refused(call(*words, "-t", "loihi"), 3, "weighs measurements", "encoding.Rate()")
    assert not (here / "half.pt").exists()
    assert call(*words, "-t", "onnx").code == 0
    assert (
        nd.lower(nd.load(here / "half.pt"), example=torch.zeros(3, 2, 6)).input.encoding is not None
    )


@neuron.define(states={"v": 0.0}, params={"decay": 0.5, "threshold": 0.3})
def risen(v: Any, x: Any, *, decay: Any, threshold: Any) -> Any:
    h = decay * v + x
    s = spike(h - threshold)
    return select(s, 0.0, h), s


def test_states_that_start_above_zero_are_quantized(call: Caller, here: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(layer.Linear(6, 3), risen(initial={"v": 0.25}))
    nd.save(network, here / "risen.pt", example=torch.zeros(1, 1, 6))
    done = call("quantize", "risen.pt", "-t", "onnx", "--samples", "samples.npz", "-o", "q.pt")
    assert done.code == 0, done.err
    export = ("export", "q.pt", "-t", "onnx", "--verify", "--simulator", "none")
    assert call(*export, "--samples", "samples.npz").code == 0


def test_what_is_refused_leaves_nothing(call: Caller, here: Path) -> None:
    nd.save(nn.Sequential(layer.Linear(6, 3), neuron.EIF()), here / "eif.pt")
    np.save(here / "wide.npy", np.zeros((3, 2, 7)))
    before = tree(here)
    samples = ("--samples", "samples.npz")
    for words, code, fragments in (
        (("model.pt", "-t", "loihi", *samples), 2, ("quantized already",)),
        (("eif.pt", "-t", "loihi", *samples), 2, ("1: EIF has no near neuron",)),
        (("float.pt", "-t", "abacus", *samples), 2, ("no target 'abacus'",)),
        (("float.pt", "-t", "loihi", "--format", "int99", *samples), 2, ("2 to 16 bits",)),
        (("float.pt", "-t", "loihi", "--format", "int8", *samples), 3, ("1: Loihi's neuron",)),
        (("float.pt", "-t", "loihi", "--samples", "wide.npy"), 2, ("saved for (T, N, 6)",)),
        (("float.pt", "-t", "loihi", "--samples", "none.npy"), 2, ("no such file",)),
        (("none.pt", "-t", "loihi", *samples), 2, ("no such file",)),
    ):
        refused(call("quantize", *words), code, *fragments)
    assert tree(here) == before


def test_what_is_missing_on_the_way_to_a_chip_is_named_with_the_next_command(
    call: Caller, here: Path
) -> None:
    write_float(here)
    done = call("quantize", "net.pt", "-t", "loihi")
    assert done.code == 2
    assert "the samples are missing that the network is fitted to" in done.err
    next_command = "remedy: neurodeploy quantize net.pt --target loihi --samples samples.npz"
    assert next_command in done.err
    assert next_command in call("export", "net.pt", "-t", "loihi").err
    done = call("verify", "net.pt", "--simulator", "none")
    assert done.code == 2
    assert "remedy: neurodeploy export net.pt --target T" in done.err
    done = call("verify", "artifact", "--model", "net.pt", "--simulator", "none")
    assert done.code == 3
    assert "name the quantized model that was exported, with --model FILE" in done.err


def test_samples_of_another_shape_are_refused_before_the_work(call: Caller, here: Path) -> None:
    example = torch.zeros(3, 1, 6)
    nd.save(nn.Sequential(layer.Linear(6, 8), neuron.LIF()), here / "net.pt", example=example)
    np.savez(here / "wrong.npz", samples=np.zeros((3, 1, 7), np.float32))
    done = call("quantize", "net.pt", "-t", "loihi", "--samples", "wrong.npz")
    assert done.code == 2
    assert "samples are (3, 1, 7), but the model was saved for (T, N, 6)" in done.err
    assert "remedy: give samples of that shape" in done.err
