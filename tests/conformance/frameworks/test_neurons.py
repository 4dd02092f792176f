"""Every neuron and layer of the frameworks becomes ours, and sends the same values bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neurodeploy.sandbox import Environment, framework_environment, install, run_worker
from targets.nir.simulators.receivers.run import RECEIVERS
from tests.packaging.tree import ROOT

WORKER = Path(__file__).with_name("worker.py")
# Their exponential is another one than ours: states differ in last bits.
ROUNDED = {"LIFAdExCell", "LIFAdEx", "LIFExCell", "LIFEx", "EIF", "EIF m", "EIF soft", "EIF soft m"}
ROUNDED |= {"ComplementaryLIF"}
# Neurons whose states are multiples of the grid: some meet the threshold exactly.
MEETING = {
    "snntorch": ("Leaky dyadic", "Leaky dyadic zero", "Synaptic dyadic", "Lapicque dyadic"),
    "spikingjelly": ("IF", "IF soft m", "LIF", "LIF soft", "SimpleLIF", "CUBALIF soft", "ILIF 2 m"),
    "norse": ("IAFCell", "IAF", "LIF 1/8", "LIFBoxCell subtract"),
    "sinabs": ("IAF", "IAF single", "IAF max", "IAFRecurrent"),
}


@pytest.fixture(scope="module", params=MEETING)
def framework(request: pytest.FixtureRequest) -> Environment:
    """Each framework, ready to run our worker."""
    install(RECEIVERS[request.param])
    return framework_environment(request.param, WORKER, {})


@pytest.fixture(scope="module")
def compared(framework: Environment, full: bool) -> dict[str, Any]:
    """The results of modules and of ours, in the sandbox of their framework."""
    job = {
        "path": [str(ROOT)],
        "framework": framework.name,
        "only": [],
        "size": [50, 256] if full else [24, 8],
        "backends": ["cpp"] if full else [],
    }
    return run_worker(framework, job).result


def test_no_framework_is_imported_by_ours(compared: dict[str, Any]) -> None:
    assert compared["imported"] == []


def test_neurons_send_the_same(compared: dict[str, Any], full: bool) -> None:
    neurons = compared["neurons"]
    assert len(neurons) > 20
    assert {name: each for name, each in neurons.items() if "error" in each} == {}
    for key in ("spikes", "saved"):
        assert {name: each[key] for name, each in neurons.items() if each[key]} == {}
    assert all(each["known"] for each in neurons.values())
    silent = {name for name, each in neurons.items() if not each["fired"]}
    assert silent == set()
    assert all(each["steps"] >= (100_000 if full else 5_000) for each in neurons.values())


def test_states_are_the_same(compared: dict[str, Any]) -> None:
    states = {name: each["states"] for name, each in compared["neurons"].items()}
    assert {name for name, count in states.items() if count} <= ROUNDED


def test_thresholds_are_met_exactly(framework: Environment, compared: dict[str, Any]) -> None:
    """With `>` for `>=`, and the other way round, these send something else: equality says it."""
    assert all(compared["neurons"][name]["met"] for name in MEETING[framework.name])


def test_layers_compute_the_same(framework: Environment, compared: dict[str, Any]) -> None:
    layers = compared["layers"]
    assert bool(layers) == (framework.name in ("spikingjelly", "sinabs"))
    assert {name: each for name, each in layers.items() if "error" in each or each["differ"]} == {}


def test_the_rest_is_refused_by_name(framework: Environment, compared: dict[str, Any]) -> None:
    """An error names the class or the part, and what to use instead."""
    refused = compared["refused"]
    assert len(refused) >= 4
    assert {name for name, words in refused.items() if "(use " not in words} <= {
        "container",
        "fires otherwise",
        "leaks",
        "repeated",
    }
    assert all(refused.values())
