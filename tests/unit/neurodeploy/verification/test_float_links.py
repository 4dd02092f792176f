"""A network in floats goes through the same verifier as integers do: the same links and words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
from neurodeploy.artifact import Artifact
from neurodeploy.errors import UnknownNameError
from neurodeploy.report import Link, Report, Status
from snncore import layer, neuron
from tests.unit.plugins import installed

# A target of a third party that takes floats: our files, and simulators of its own.
SOURCE = """
from dataclasses import replace
from neurodeploy.errors import SimulatorMissingError, SimulatorScopeError
from neurodeploy.simulator.floats import run_floats
from neurodeploy.trace import LayerTrace, Trace
from targets.onnx.target import Onnx


class Chip(Onnx):
    name = "near"
    simulators = {"own": None, "less": None, "lost": None, "short": None, "wrong": None}

    def compile_graph(self, graph, **options):
        return replace(super().compile_graph(graph, **options), target=self.name)

    def simulate(self, artifact, samples, *, simulator=None, simulation=None):
        if simulator == "lost":
            raise SimulatorMissingError("lost: it is not here", remedy="find it", log="it printed")
        if simulator == "less":
            raise SimulatorScopeError("less: it knows no such layer")
        trace = run_floats(self.read_graph(artifact), samples)
        layers = {f"layer{n}": trace[name] for n, name in enumerate(trace)}
        if simulator == "short":
            layers.popitem()
        if simulator == "wrong":
            layers["layer1"] = LayerTrace({k: 1 - v for k, v in layers["layer1"].values.items()})
        return Trace(layers, list(layers)[-1])


class Alone(Chip):
    name = "alone"
    simulators = {}


chip, alone = Chip(), Alone()
"""
SAMPLES = np.random.default_rng(0).integers(0, 2, (9, 4, 6)).astype(float)


@pytest.fixture(autouse=True)
def near(tmp_path: Path) -> Iterator[None]:
    """The third party's distribution, installed."""
    with installed(tmp_path, "near_chip", SOURCE, near="chip", alone="alone"):
        yield


def network() -> nn.Module:
    torch.manual_seed(0)
    parts = (layer.Linear(6, 5), neuron.IF(threshold=0.1), layer.Linear(5, 3), neuron.LIF(2.0, 0.1))
    return nn.Sequential(*parts).eval()


def exported(folder: Path, target: str = "near") -> tuple[nn.Module, Artifact]:
    module = network()
    return module, nd.export(module, target=target, path=folder / "out", example=SAMPLES)


def by_name(report: Report) -> dict[str, Link]:
    return {link.name: link for link in report.links}


def test_every_simulator_has_its_link_and_one_out_of_scope_is_excused(tmp_path: Path) -> None:
    module, artifact = exported(tmp_path)
    report = nd.verify(artifact, model=module, samples=SAMPLES, simulator="all")
    links = by_name(report)
    names = ["own", "less", "lost", "short", "wrong"]
    first = ["training = graph", "graph = artifact"]
    assert list(links) == [*first, *(f"graph = {name}" for name in names)]
    equal = [link for link in links.values() if link.status == Status.EQUAL]
    assert [link.name for link in equal] == [*first, "graph = own"]
    assert links["graph = own"].spikes > 0
    less, lost = links["graph = less"], links["graph = lost"]
    assert (less.status, less.requested) == (Status.NOT_RUN, False)
    assert (lost.status, lost.requested, lost.remedy) == (Status.NOT_RUN, True, "find it")
    assert lost.log == "it printed"


def test_a_simulator_that_lacks_a_layer_differs(tmp_path: Path) -> None:
    _, artifact = exported(tmp_path)
    report = nd.verify(artifact, samples=SAMPLES, simulator="short")
    link = by_name(report)["graph = short"]
    assert (link.status, link.reason) == (Status.DIFFERS, "short shows 1 layers of 2")
    assert report.exit_code == 1


def test_a_simulator_that_computes_something_else_differs(tmp_path: Path) -> None:
    _, artifact = exported(tmp_path)
    report = nd.verify(artifact, samples=SAMPLES, simulator="wrong")
    assert by_name(report)["graph = wrong"].status == Status.DIFFERS


def test_all_of_no_simulators_is_none(tmp_path: Path) -> None:
    _, artifact = exported(tmp_path, "alone")
    report = nd.verify(artifact, samples=SAMPLES, simulator="all")
    link = report.links[-1]
    assert (link.status, link.requested) == (Status.NOT_RUN, False)
    assert link.reason == "alone has no simulator"
    assert report.equal


def test_nobody_trains_where_there_is_no_model(tmp_path: Path) -> None:
    module, artifact = exported(tmp_path)
    said: list[str] = []
    nd.verify(artifact, samples=SAMPLES, simulator="own", progress=said.append)
    assert said == ["double precision", "simulator own"]
    said.clear()
    nd.verify(artifact, model=module, samples=SAMPLES, simulator="none", progress=said.append)
    assert said == ["double precision", "training forward"]


def test_an_unknown_simulator_lists_those_there_are(tmp_path: Path) -> None:
    _, artifact = exported(tmp_path)
    with pytest.raises(UnknownNameError, match="no simulator 'x' for near; there are: own, less"):
        nd.verify(artifact, samples=SAMPLES, simulator="x")


def test_another_model_is_named_by_number(tmp_path: Path) -> None:
    module, artifact = exported(tmp_path)
    with torch.no_grad():
        module[2].weight[1, 2] += 0.5
    link = by_name(nd.verify(artifact, model=module, samples=SAMPLES, simulator="none"))[
        "graph = artifact"
    ]
    assert link.status == Status.DIFFERS
    assert "weight[1, 2]: expected " in str(link.reason)
