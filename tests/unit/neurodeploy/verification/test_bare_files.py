"""A vendor's bare file beside its own model: names and units aside, every field is compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.artifact import Artifact
from neurodeploy.program import Dense, Edge, Input, Neuron, Program
from neurodeploy.report import Link, Report, Status
from snncore import layer
from targets.loihi.compile import FILE
from targets.loihi.target import target
from tests.unit.neurodeploy.verification.verifying import verify

SAMPLES = np.random.default_rng(2).integers(0, 2, (9, 3, 3))


def block(**options: Any) -> quant.Block:
    result = quant.Block(quant.Linear(3, 3), quant.CubaLIF(0.25, **options))
    with torch.no_grad():
        result.synapse.weight.mul_(4)
    return result


def files_link(report: Report) -> Link:
    return next(link for link in report.links if link.name == "program = artifact")


def bare(artifact: Artifact) -> Artifact:
    return Artifact("loihi", {FILE: artifact.files[FILE]}, tools={})


@pytest.mark.parametrize("steps", [1, 3, [1, 2, 2], [0, 2, 1]])
def test_a_network_with_delays_is_its_own_file(steps: Any, tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = nn.Sequential(block(), layer.Delay(steps), block())
    artifact = nd.export(model, target="loihi", path=tmp_path / "out", example=SAMPLES)
    path = tmp_path / "net.net"
    path.write_bytes(artifact.files[FILE])
    for subject in (tmp_path / "out", path):
        report = nd.verify(subject, model=model, samples=SAMPLES, simulator="none")
        assert report.equal, files_link(report).reason
        assert report.links[0].spikes > 0


def delayed(delays: Any) -> Program:
    weight = np.array([[60, -20, 40], [80, 60, -4], [2, 70, 50]])
    parameters = {"current_decay": 4096, "voltage_decay": 200, "threshold": 64, "bias": 0}
    parts = {key: np.asarray(value) for key, value in parameters.items()}
    (neuron,) = nd.lower(nn.Sequential(block()), example=SAMPLES).layers
    nodes = (
        Input("in", (3,)),
        Dense("dense", Edge("in"), weight, -6, delays=np.asarray(delays)),
        replace(neuron, name="out", inputs=(Edge("dense"),), parameters=parts),
    )
    return Program(nodes, "out")


DELAYS = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_a_changed_delay_is_named_with_its_index() -> None:
    program, changed = delayed(DELAYS), np.array(DELAYS)
    changed[2, 1] += 1
    other = delayed(changed)
    for artifact in (target.compile(other), bare(target.compile(other))):
        link = files_link(verify(artifact, SAMPLES, program=program, simulator="none"))
        assert link.status == Status.DIFFERS
        assert link.reason == "dense.delays[2, 1]: expected 8, got 9"
    same = verify(bare(target.compile(program)), SAMPLES, program=program, simulator="none")
    assert files_link(same).status == Status.EQUAL


def test_delays_on_one_side_alone_are_named() -> None:
    plain = replace(delayed(DELAYS), nodes=tuple(
        replace(node, delays=None) if isinstance(node, Dense) else node
        for node in delayed(DELAYS).nodes
    ))  # fmt: skip
    artifact = target.compile(plain)
    link = files_link(verify(artifact, SAMPLES, program=delayed(DELAYS), simulator="none"))
    assert link.status == Status.DIFFERS
    assert "dense.delays: expected some values, but the artifact has no" in str(link.reason)


def test_a_parameter_is_named_with_its_index_and_a_field_with_its_values() -> None:
    program = delayed(DELAYS)
    neuron = program.by_name["out"]
    assert isinstance(neuron, Neuron)
    slow = neuron.parameters | {"voltage_decay": np.array([200, 200, 201])}
    nodes = (*program.nodes[:2], replace(neuron, parameters=slow))
    link = files_link(verify(bare(target.compile(replace(program, nodes=nodes))), SAMPLES,
                             program=program, simulator="none"))  # fmt: skip
    assert "out.voltage_decay" in str(link.reason)
    dense = program.by_name["dense"]
    assert isinstance(dense, Dense)
    wide = replace(program, nodes=(program.nodes[0], replace(dense, shift=1), neuron))
    link = files_link(verify(target.compile(program), SAMPLES, program=wide, simulator="none"))
    assert link.reason == "dense.shift: expected 1, got 0"
