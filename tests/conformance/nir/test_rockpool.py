"""Rockpool as a judge: files of its own kind, read by its profile, send what it sends.

A failure names the network, such as `rockpool 17`, which `file_of_seed(17)` makes again.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.frontend.from_graph import network_of
from neurodeploy.sandbox import install
from neurodeploy.target import Simulation
from snncore import neuron
from targets.nir.foreign.graph import Reading, graph_of
from targets.nir.foreign.profiles import PROFILES
from targets.nir.simulators.receivers.foreign import foreign_run
from targets.nir.simulators.receivers.run import RECEIVERS, shown
from tests.conformance.summary import show
from tests.unit.targets.nir.foreign.files import F, affine, chain, graph, image

DT = 1e-3


def file_of_seed(seed: int) -> bytes:
    """Return a random chain of CUBA LIF, some with loops, whose `r` gives Rockpool's step."""
    rng = np.random.default_rng(seed)
    sizes = [int(size) for size in rng.integers(2, 9, rng.integers(2, 4))]
    nodes: list[tuple[str, dict[str, Any]]] = []
    loops: dict[str, dict[str, Any]] = {}
    extra: list[tuple[str, str]] = []
    for number, (before, size) in enumerate(pairwise(sizes)):
        weight = rng.integers(-6, 9, (size, before)).astype(F) / F(8)
        nodes.append((f"fc{number}", affine(weight, np.zeros(size, F))))
        tau = np.full(size, rng.choice([2e-3, 4e-3, 10e-3]), F)
        values = {"tau_mem": tau, "tau_syn": np.full(size, rng.choice([1e-3, 2e-3, 5e-3]), F)}
        values |= {"r": tau / F(DT) - F(1), "v_leak": np.zeros(size, F)}
        values |= {"v_threshold": rng.choice([0.5, 1.0, 1.25], size).astype(F)}
        nodes.append((name := f"n{number}", {"type": "CubaLIF", **values}))
        if rng.random() < 0.5:
            # What is fed back calms, since what excites runs away, and floats round it.
            back = rng.integers(-6, 2, (size, size)).astype(F) / F(8)
            loops[f"back{number}"] = affine(back, np.zeros(size, F))
            extra += [(name, f"back{number}"), (f"back{number}", name)]
    node = chain(*nodes, inputs=(sizes[0],), outputs=(sizes[-1],))
    edges = [(one, two) for one, two in node["edges"]]
    return image(graph(node["nodes"] | loops, edges + extra))


@pytest.mark.timeout(1800)
def test_every_spike_is_rockpools(full: bool, pytestconfig: pytest.Config) -> None:
    install(RECEIVERS["rockpool"])
    count, sent, values = 60 if full else 8, 0, 0
    runs, traces = [], []
    for seed in range(count):
        content = file_of_seed(seed)
        foreign = graph_of(content, Reading(PROFILES["rockpool"], None))
        samples = np.random.default_rng(seed).random((30, 2, *foreign.graph.input.shape)) < 0.5
        runs.append(foreign_run(content, foreign, samples))
        network, _ = network_of(foreign)
        for module in network.modules():
            if isinstance(module, neuron.EquationNeuron):
                module.backend = "torch"
        with torch.no_grad():
            traces.append(network(torch.from_numpy(samples.astype(F))).numpy())
    replies = shown(RECEIVERS["rockpool"], runs, Simulation())
    for seed, (reply, ours) in enumerate(zip(replies, traces, strict=True)):
        assert not isinstance(reply, str), f"rockpool {seed}: {reply}"
        theirs = reply[-1].sent
        assert (theirs == ours).all(), f"rockpool {seed}: {np.argwhere(theirs != ours)[0]}"
        values, sent = values + theirs.size, sent + int(theirs.sum())
    assert sent > values / 100
    words = f"{count} files, {values:,} values, {sent:,} spikes, every one equal"
    show(pytestconfig, "NIR: files by the profile of Rockpool, in Rockpool", words)
