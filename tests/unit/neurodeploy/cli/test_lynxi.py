"""The whole way through the command line for Lynxi, and what it says of damaged packages."""

import json
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from snncore import layer
from tests.unit.neurodeploy.cli.helpers import ROOT, Caller, refused, tree
from tests.unit.targets.lynxi import vendor

LYNXI = {"format": "lynxi"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model that spikes, and samples."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    network = nn.Sequential(
        quant.Block(quant.Conv2d(1, 4, 3, bias=True, **LYNXI), quant.LIF(0.3, rest=-0.1, **LYNXI)),
        quant.Block(quant.SumPool2d(2, weight=0.25, **LYNXI), quant.IF(0.25, **LYNXI)),
        layer.MaxPool2d(2),
        layer.Flatten(),
        quant.Block(quant.Linear(16, 3, **LYNXI), quant.IF(0.1, reset="soft", **LYNXI)),
    )
    samples = (torch.rand(6, 3, 1, 10, 10) < 0.5).float()
    assert network(samples).any()
    nd.save(network, tmp_path / "model.pt", example=samples)
    np.savez(tmp_path / "samples.npz", samples=samples.numpy().astype(np.uint8))
    return tmp_path


def exported(call: Caller, *words: str) -> Path:
    assert call("export", "model.pt", "--target", "lynxi", "-o", "package", *words).code == 0
    return Path("package")


def test_export_and_verify_by_both_simulators(folder: Path, call: Caller) -> None:
    package = exported(call, "--option", "steps=3")
    assert json.loads((package / "network.json").read_text())["reduced"]["steps"] == 3
    for simulator in ("interpreter", "float16"):
        words = ("--samples", "samples.npz", "--simulator", simulator, "--json")
        done = call("verify", package, "--model", "model.pt", *words)
        assert done.code == 0
        links = {link["name"]: link["status"] for link in done.document["links"]}
        assert len(links) == 4
        assert links[f"golden = {simulator}"] == "equal"
        assert set(links.values()) == {"equal"}


def test_what_needs_no_installation_runs_unless_one_is_named(
    folder: Path, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = exported(call)
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(folder / "cache"))
    done = call("verify", package, "--json")
    assert done.code == 0
    links = {link["name"]: link["status"] for link in done.document["links"]}
    built_in = ("interpreter", "float16", "torchscript-unrolled", "torchscript-step")
    for name in built_in:
        assert links[f"golden = {name}"] == "equal"
    assert not any("onnx" in name for name in links)
    (lynxi,) = [t for t in call("targets", "--json").document["targets"] if t["name"] == "lynxi"]
    assert lynxi["simulators"] == {
        **dict.fromkeys(built_in, "built in"),
        **dict.fromkeys(("onnx-unrolled", "onnx-step", "onnx-apart"), "missing"),
    }
    assert lynxi["exact"]


def test_files_whose_runtime_is_missing_are_not_run_where_they_are_asked_for(
    folder: Path, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = exported(call)
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(folder / "cache"))
    done = call("verify", package, "--simulator", "onnx-step", "--json")
    assert done.code == 4
    (link,) = [each for each in done.document["links"] if each["name"] == "golden = onnx-step"]
    assert link["status"] == "not run"
    assert link["remedy"] == "neurodeploy simulators install onnxruntime"


# With --full alone: the controls of the conformance suite change every file.
@pytest.mark.thorough
def test_a_changed_weight_in_a_file_for_the_compiler_is_named(
    folder: Path, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With hashes that fit: nothing but a run of the file shows it."""
    package = exported(call)
    # Torch alone runs the files.
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(folder / "cache"))
    program = nd.lower(nd.load("model.pt"), example=np.load("samples.npz")["samples"])
    dense = program.synapses[-1]
    weight = np.asarray(dense.weight)
    index = tuple(int(i) for i in np.unravel_index(np.abs(weight).argmax(), weight.shape))
    content = (package / "step.pt").read_bytes()
    vendor.remade(package, {"step.pt": vendor.negated(content, program, dense.name, index)})
    done = call("verify", package, "--model", "model.pt", "--samples", "samples.npz", "--json")
    assert done.code == 1
    links = {link["name"]: link for link in done.document["links"]}
    divergence = links["golden = torchscript-step"]["divergence"]
    assert (divergence["layer"], divergence["neuron"]) == (program.output, [index[0]])
    assert links["golden = torchscript-unrolled"]["status"] == "equal"


def test_run_refuses_a_file_that_cannot_take_the_samples(folder: Path, call: Caller) -> None:
    package = exported(call, "--option", "steps=3")
    words = ("run", package, "--samples", "samples.npz", "-o", "out.npz", "--engine")
    done = call(*words, "torchscript-unrolled")
    refused(done, 2, "samples have 6 steps", "unrolled.pt has 3", "--option steps=6")
    refused(call(*words, "onnx-apart"), 4, "holds every layer alone")


def test_inspect_a_package_and_a_model(folder: Path, call: Caller) -> None:
    document = call("inspect", exported(call), "--json").document
    assert document["targets"]["lynxi"] == {"fits": True, "findings": []}
    assert call("inspect", "model.pt", "--json").document["weights"] == document["weights"]


def test_run_writes_the_same_as_golden(folder: Path, call: Caller) -> None:
    package, arrays = exported(call), {}
    for engine in ("golden", "interpreter", "float16", "torchscript-step"):
        words = ("--samples", "samples.npz", "--engine", engine, "--trace", "-o", f"{engine}.npz")
        assert call("run", package, *words).code == 0
        arrays[engine] = dict(np.load(f"{engine}.npz"))
    for engine in ("interpreter", "float16", "torchscript-step"):
        assert arrays[engine].keys() == arrays["golden"].keys()
        for name, values in arrays["golden"].items():
            assert (arrays[engine][name] == values).all(), name


def test_a_network_that_does_not_fit_writes_nothing(folder: Path, call: Caller) -> None:
    network = nn.Sequential(
        quant.Block(quant.Linear(6, 4, format="int16"), quant.IF(format="int16"))
    )
    with torch.no_grad():
        network[0].synapse.weight.fill_(2049 * 2.0**-14)
    nd.save(network, "large.pt", example=torch.zeros(1, 1, 6))
    done = call("export", "large.pt", "--target", "lynxi", "-o", "none")
    refused(done, 3, "2049 is not a float16", "0.synapse.weight[0, 0]")
    assert not Path("none").exists()


@pytest.mark.parametrize("steps", ["0", "5000", "many"])
def test_steps_that_cannot_be_are_refused(steps: str, folder: Path, call: Caller) -> None:
    words = ("export", "model.pt", "--target", "lynxi", "-o", "none", "--option", f"steps={steps}")
    refused(call(*words), 2, "steps")
    assert not Path("none").exists()


def test_damaged_packages_are_one_clear_error(folder: Path, call: Caller) -> None:
    package = exported(call)
    whole = tree(package)
    for name in ("network.json", "weights.bin"):
        (package / name).write_bytes(whole[name][:64])
        for command in (("verify", package), ("inspect", package)):
            refused(call(*command), 2, name)
        refused(call("run", package, "--samples", "samples.npz", "-o", "out.npz"), 2, name)
        (package / name).write_bytes(whole[name])
    (package / "weights.bin").unlink()
    refused(call("verify", package), 2, "weights.bin")
    assert not Path("out.npz").exists()


def test_exporting_twice_gives_the_same_bytes(folder: Path, call: Caller) -> None:
    first = tree(exported(call))
    assert tree(exported(call)) == first


def test_the_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["reduced_modules.py", str(tmp_path)])
    runpy.run_path(str(ROOT / "examples" / "reduced_modules.py"), run_name="__main__")
    said = capsys.readouterr().out
    fired = re.search(r"(\d+) spikes, 0 differ in float16", said)
    assert fired is not None
    assert int(fired[1]) > 10
    assert said.count("4 links") == 2
