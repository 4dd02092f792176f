"""Networks as people write them convert in the process of their framework, with equal spikes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.flow.foreign import carried
from neurodeploy.sandbox import install
from neurodeploy.sandbox.environments.beside import paths_beside
from neurodeploy.sandbox.environments.environment import clean_environment, interpreter_in
from snncore import functional
from targets.nir.simulators.receivers.run import RECEIVERS
from tests.packaging.tree import ROOT

# Of each framework: one model for every run of the tests, and the number of all.
MODELS = {
    "snntorch": ("static MLP", 11),
    "spikingjelly": ("spiking head", 11),
    "norse": ("sequential state", 8),
    "sinabs": ("dense", 8),
}
# The framework's own packages come before ours, which bring torch.
RUN = """
import runpy, sys
root, beside = sys.argv[1], sys.argv[2].split("|")
sys.path = [root, *sys.path, *beside]
sys.argv = [root, *sys.argv[3:]]
runpy.run_module("tests.conformance.foreign_networks", run_name="__main__", alter_sys=True)
"""
# The refusal that is right: this model draws random numbers.
RANDOM = {"rate coded": "bernoulli draws random numbers"}
# What they return are sums of floats, which processors add up in one order or another.
ROUNDED = ("mean head", "pipeline", "converted")


def results(folder: Path, framework: str, *names: str) -> dict[str, dict]:
    """Return what became of the models of a framework, by their names; write them to a folder."""
    environment = RECEIVERS[framework]
    install(environment)
    arguments = (str(ROOT), "|".join(paths_beside(environment)), str(folder))
    python = interpreter_in(environment.path)
    run = subprocess.run(
        [python, "-W", "ignore", "-c", RUN, *arguments, framework, *names],
        env=clean_environment(OMP_NUM_THREADS="1"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return {(entry := json.loads(line))["name"]: entry for line in run.stdout.splitlines()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the converted networks."""
    return tmp_path_factory.mktemp("converted")


# Without --full, two of them; the modules of all four are converted in `frameworks`.
@pytest.mark.parametrize(
    "framework",
    [
        pytest.param(name, marks=(pytest.mark.thorough,) * (name in ("snntorch", "sinabs")))
        for name in MODELS
    ],
)
def test_models_convert_with_equal_spikes(framework: str, full: bool, folder: Path) -> None:
    name, count = MODELS[framework]
    models = results(folder, framework, *([] if full else [name]))
    assert len(models) == (count if full else 1)
    for model, entry in models.items():
        if model in RANDOM:
            assert RANDOM[model] in entry["refused"]
            continue
        assert entry.get("equal"), entry
        assert entry["parting"] is None
        assert entry["rounding"] <= (1e-6 if model in ROUNDED else 0)
        assert entry["spikes"] > 20
        assert entry["loaded"]


@pytest.mark.parametrize(
    "target",
    ["loihi", *(pytest.param(each, marks=pytest.mark.thorough) for each in ("onnx", "lynxi"))],
)
def test_a_module_of_spikingjelly_goes_to_a_chip(target: str, folder: Path, tmp_path: Path) -> None:
    """The network that its framework's process wrote is quantized, exported and verified here."""
    file = folder / "spiking head.pt"
    if not file.exists():
        results(folder, "spikingjelly", "spiking head")
    samples = (np.random.default_rng(0).random((12, 8, 24)) < 0.5).astype(np.float32)
    network = nd.load(file)
    with torch.no_grad():
        labels = network(torch.from_numpy(samples)).argmax(1).numpy()
    functional.reset(network)
    carried_to = carried(
        network, target=target, samples=samples, labels=labels, folder=tmp_path / "chip"
    )
    assert carried_to.report.equal, carried_to.report.to_text()
    simulated = [link for link in carried_to.report.links if link.name.startswith("golden = ")]
    assert len(simulated) > 1
    assert carried_to.accuracies.keys() >= {"float", "quantized", "chip"}
    assert carried_to.accuracies["float"] == 1
    assert carried_to.accuracies["chip"] == carried_to.accuracies["quantized"] > 0.6


def test_most_models_are_taken() -> None:
    """37 of 38: one is refused, because no network can keep what it draws."""
    total = sum(count for _, count in MODELS.values())
    assert (total, total - len(RANDOM)) == (38, 37)
