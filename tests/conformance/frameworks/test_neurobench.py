"""The metrics of a program are those that NeuroBench's own harness counts on the same network."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd
import quant
from neurodeploy.program import Program
from neurodeploy.sandbox import framework_environment, install, run_worker
from neurodeploy.verification.neurobench import neurobench
from snncore import layer
from targets.nir.simulators.receivers.run import RECEIVERS
from tests.packaging.tree import ROOT

WORKER = Path(__file__).with_name("neurobench_worker.py")
NETWORKS = 6


def network(seed: int) -> tuple[Program, np.ndarray]:
    """A chain of integrators on a grid, with zeros among its weights; odd seeds see images."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    blocks: list[torch.nn.Module] = []
    shape: tuple[int, ...] = (7,)
    width = 7
    if seed % 2:
        shape, stride = (2, 6, 5), int(rng.integers(1, 3))
        convolution = quant.Conv2d(2, 3, 3, stride=stride, padding=1, format="int8")
        blocks += [quant.Block(convolution, _neurons()), layer.Flatten()]
        width = 3 * -(-6 // stride) * -(-5 // stride)
    for outputs in (6, 4):
        blocks.append(quant.Block(quant.Linear(width, outputs, format="int8"), _neurons()))
        width = outputs
    net = torch.nn.Sequential(*blocks)
    with torch.no_grad():
        for weight in net.parameters():
            if weight.ndim > 1:
                weight.copy_(torch.round(torch.randn(weight.shape) * 2) / 8)
    samples = (rng.random((8, 3, *shape)) < 0.5).astype(np.int64)
    program = nd.lower(net, example=torch.from_numpy(samples).float())
    return program, samples


def _neurons() -> torch.nn.Module:
    return quant.IF(threshold=0.4, reset="hard", format="int8")


def described(program: Program) -> list[dict[str, Any]]:
    """Return what the worker builds: geometry, and the threshold as an integer."""
    rows = []
    for node, neurons in zip(program.synapses, program.layers, strict=True):
        threshold = neurons.parameters["threshold"]
        assert threshold.size == 1
        row: dict[str, Any] = {"threshold": int(threshold.reshape(-1)[0])}
        if node.narrow_weight.ndim == 4:
            row |= {"stride": list(node.stride), "padding": list(node.padding)}
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def measured() -> list[tuple[dict[str, float], dict[str, dict[str, float]]]]:
    """Our metrics of every network, and the harness's of snnTorch's network and of ours."""
    install(RECEIVERS["snntorch"])
    environment = framework_environment("snntorch", WORKER, {})
    cases = [network(seed) for seed in range(NETWORKS)]
    arrays: dict[str, np.ndarray] = {}
    for index, (program, samples) in enumerate(cases):
        arrays[f"samples{index}"] = samples
        for number, node in enumerate(program.synapses):
            arrays[f"weight{index}.{number}"] = node.weight
    job = {"path": [str(ROOT)], "networks": [described(program) for program, _ in cases]}
    theirs: Any = run_worker(environment, job, arrays).result["metrics"]
    ours = [
        asdict(neurobench(program, nd.simulate(program, samples), samples))
        for program, samples in cases
    ]
    return list(zip(ours, theirs, strict=True))


def test_metrics_are_the_harnesss_own(measured: Any) -> None:
    for ours, harness in measured:
        theirs = harness["theirs"]
        # The harness rounds to four places.
        assert round(ours["connection_sparsity"], 4) == pytest.approx(theirs["connection_sparsity"])
        for name in set(theirs) - {"connection_sparsity"}:
            assert ours[name] == pytest.approx(theirs[name], rel=1e-12), name
    # Something was there to be counted.
    totals = {name: sum(ours[name] for ours, _ in measured) for name in measured[0][0]}
    assert totals["effective_acs"] > 0
    assert 0 < totals["connection_sparsity"] < NETWORKS
    assert totals["membrane_updates"] > 0


def test_the_harness_takes_our_networks(measured: Any) -> None:
    for _, harness in measured:
        ours, theirs = harness["ours"], harness["theirs"]
        for name in set(theirs) - {"membrane_updates"}:
            assert ours[name] == pytest.approx(theirs[name], rel=1e-12), name
