"""Random networks that nir itself writes, read by us and stepped by nir's own graph: every spike.

A failure names the network, such as `foreign 17`, which `network_of_seed(17)` makes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from neurodeploy.frontend.from_graph import network_of
from neurodeploy.sandbox import run_worker
from snncore import neuron
from targets.nir.foreign.graph import Reading, graph_of
from targets.nir.foreign.profiles import PROFILES
from targets.nir.simulators.simulate import REFERENCE
from tests.conformance.summary import show
from tests.unit.targets.nir.foreign.files import F, affine, chain, graph

DT = 1e-4
BATCH = 50
WORKER = Path(__file__).with_name("foreign_worker.py")
KINDS = ("IF", "LIF", "CubaLIF")
READOUTS = ("I", "LI", "CubaLI", *KINDS)
Array = NDArray[Any]


def eighths(rng: np.random.Generator, *shape: int) -> Array:
    """Numbers whose sums round nothing, so that only neurons do."""
    return rng.integers(-8, 9, shape).astype(F) / F(8)


def neurons(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    def between(low: float, high: float) -> Array:
        return rng.uniform(low, high, shape).astype(F)

    numbers = {"r": between(0.5, 3)}
    if kind in ("I", "IF"):
        numbers["r"] = between(3e3, 2e4) if rng.random() < 0.5 else np.full(shape, 1e4, F)
    else:
        tau = "tau_mem" if kind.startswith("Cuba") else "tau"
        numbers[tau] = np.full(shape, F(DT) * F(4)) if rng.random() < 0.3 else between(2e-4, 1e-3)
        numbers["v_leak"] = np.zeros(shape, F) if rng.random() < 0.5 else between(-0.1, 0.2)
        if rng.random() < 0.3:
            numbers["r"] = np.ones(shape, F)
    if kind.startswith("Cuba"):
        numbers |= {"tau_syn": between(1e-4, 5e-4), "w_in": between(0.5, 2)}
    if kind.endswith("F"):
        reset = np.zeros(shape, F) if rng.random() < 0.5 else between(-0.2, 0.2)
        numbers |= {"v_threshold": between(0.2, 1), "v_reset": reset}
    return {"type": kind, **numbers}


def network_of_seed(seed: int) -> dict[str, Any]:
    """Return a random network: dense or convolutional, with skips, loops, delays or a subgraph."""
    rng = np.random.default_rng(seed)
    sizes = [int(size) for size in rng.integers(2, 9, rng.integers(2, 5))]
    nodes: list[tuple[str, dict[str, Any]]] = []
    shape: tuple[int, ...] = (sizes[0],)
    if seed % 3 == 1:
        shape = (2, 6, 5)
        pairs = {"input_shape": (6, 5), "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)}
        form = {key: np.array(pair) for key, pair in pairs.items()} | {"groups": np.array(1)}
        kernels = {"weight": eighths(rng, 3, 2, 3, 3), "bias": eighths(rng, 3)}
        flat = {
            "start_dim": np.array(0),
            "end_dim": np.array(-1),
            "input_type": np.array((3, 6, 5)),
        }
        nodes += [("conv", {"type": "Conv2d", **kernels, **form})]
        nodes += [("seen", neurons(rng, str(rng.choice(KINDS)), (3, 6, 5)))]
        nodes += [("flat", {"type": "Flatten", **flat})]
        sizes[0] = 90
    extra: list[tuple[str, str]] = []
    loops: dict[str, dict[str, Any]] = {}
    for number, (before, size) in enumerate(pairwise(sizes), 1):
        kind = str(rng.choice(READOUTS if number == len(sizes) - 1 else KINDS))
        if rng.random() < 0.25 and nodes:
            late = rng.integers(0, 4) * np.full(before, DT)
            nodes.append((f"late{number}", {"type": "Delay", "delay": late}))
        bias = eighths(rng, size) if rng.random() < 0.6 else np.zeros(size, F)
        nodes.append((f"fc{number}", affine(eighths(rng, size, before), bias)))
        name = f"n{number}"
        nodes.append((name, neurons(rng, kind, (size,))))
        if rng.random() < 0.4 and kind in KINDS:
            loops[f"back{number}"] = affine(eighths(rng, size, size), eighths(rng, size))
            extra += [(name, f"back{number}"), (f"back{number}", name)]
    node = chain(*nodes, inputs=shape, outputs=(sizes[-1],))
    edges = [(one, two) for one, two in node["edges"]]
    return graph(node["nodes"] | loops, edges + extra) | {"last": nodes[-1][0]}


def described(node: dict[str, Any], arrays: dict[str, Array]) -> dict[str, Any]:
    """Return a node as plain data, and enter its arrays."""
    names = {}
    for key, value in node.items():
        if isinstance(value, np.ndarray | np.generic):
            names[key] = f"array{len(arrays)}"
            arrays[names[key]] = np.asarray(value)
    plain = {key: node[key] for key in ("type", "edges", "last") if key in node} | {"arrays": names}
    if "nodes" in node:
        plain["nodes"] = {name: described(each, arrays) for name, each in node["nodes"].items()}
    return plain


def ours(content: bytes, samples: Array, *, flip: bool = False) -> Array:
    """Return what our network of a file sends; with `flip`, with one bit of a weight flipped."""
    network, _ = network_of(graph_of(content, Reading(PROFILES["spec"], DT)))
    for module in network.modules():
        # Kernels have the same bits, and take seconds to compile.
        if isinstance(module, neuron.EquationNeuron):
            module.backend = "torch"
    with torch.no_grad():
        if flip:
            weight = next(p for name, p in network.named_parameters() if name.endswith("weight"))
            weight.view(-1).view(torch.int32)[0] ^= 1 << 23
        sent: Array = network(torch.from_numpy(samples)).numpy()
    return sent


@pytest.mark.timeout(3600)
def test_every_spike_is_that_of_the_file_that_nir_wrote(
    full: bool, pytestconfig: pytest.Config
) -> None:
    count, values, spikes, flipped = 300 if full else 12, 0, 0, 0
    for first in range(0, count, BATCH):
        seeds = range(first, min(first + BATCH, count))
        for seed, (content, samples, sent) in zip(seeds, written_by_nir(seeds), strict=True):
            shown = ours(content, samples)
            assert (shown == sent).all(), f"foreign {seed}: {np.argwhere(shown != sent)[0]}"
            values += sent.size
            spikes += int(np.count_nonzero(sent))
            flipped += seed < 6 and bool((ours(content, samples, flip=True) != sent).any())
    assert 0.02 * values < spikes < values
    assert flipped
    words = f"{count} networks, {values:,} values, {spikes:,} not zero, none differs"
    show(pytestconfig, "NIR: files of nir = ours", words)


def written_by_nir(seeds: Sequence[int]) -> list[tuple[bytes, Array, Array]]:
    """Return of each network nir's file, samples, and what nir's own graph sends."""
    arrays: dict[str, Array] = {}
    networks, drawn = [], []
    for index, seed in enumerate(seeds):
        node = network_of_seed(seed)
        networks.append(described(node, arrays))
        shape = tuple(node["nodes"]["input"]["shape"])
        drawn.append((np.random.default_rng(seed).random((24, 2, *shape)) < 0.4).astype(F))
        arrays[f"samples{index}"] = drawn[-1]
    job = {"networks": networks, "dt": DT, "stepper": str(REFERENCE.worker.with_name("stepper.py"))}
    results = run_worker(replace(REFERENCE, worker=WORKER), job, arrays).arrays
    return [
        (results[f"file{index}"].tobytes(), samples, results[f"sent{index}"])
        for index, samples in enumerate(drawn)
    ]
