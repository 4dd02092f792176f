"""Our float networks to NIR, into a framework, out by its own export, and back to us.

What `check` does not warn of is equal, every spike, there and back. A failure names the network,
such as `round trip 17`, which `network_of_seed(17)` makes again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, UnsupportedLayerError
from neurodeploy.frontend.from_torch import graph_of
from neurodeploy.frontend.training import read_trace
from neurodeploy.graph import Graph
from neurodeploy.sandbox import install, run_worker
from snncore import functional, layer, neuron
from targets.nir.compile import FILE
from targets.nir.foreign.profiles import PROFILES
from targets.nir.graph.names import Names
from targets.nir.simulators.receivers.run import RECEIVERS
from targets.nir.target import target
from tests.conformance.nir.graphs import in_eighths
from tests.conformance.summary import show

DT = 1e-4
WORKER = Path(__file__).with_name("export_worker.py")
RECEIVER = Path(__file__).parents[3] / "targets" / "nir" / "simulators" / "receivers" / "worker.py"
# Frameworks with neurons and rounding like ours; Norse writes other time constants than it has.
EQUAL = {"snntorch": 0.3, "spikingjelly": 0.1, "norse": 0.0, "sinabs": None}
Array = NDArray[Any]


@dataclass(frozen=True)
class Sent:
    """A network's file, its layers' nodes, its samples, what it sends, and what check says."""

    content: bytes
    order: tuple[str, ...]
    samples: Array
    spikes: Array
    findings: tuple[str, ...]


def neurons_of(rng: np.random.Generator) -> nn.Module:
    strict, threshold = bool(rng.random() < 0.4), float(rng.choice([0.5, 0.625, 1.0]))
    kind = rng.choice(["IF", "LIF", "LIF", "CubaLIF"])
    if kind == "IF":
        return neuron.IF(threshold, strict=strict)
    if kind == "LIF":
        tau, inside = float(rng.choice([2.0, 4.0, 10 / 3])), bool(rng.random() < 0.5)
        return neuron.LIF(tau, threshold, decay_input=inside, strict=strict)
    decays = {name: float(rng.choice([0.5, 0.25, 0.4])) for name in ("current", "voltage")}
    numbers = {f"{name}_decay": decay for name, decay in decays.items()}
    return neuron.CubaLIF(threshold=threshold, **numbers)


def network_of_seed(seed: int) -> tuple[nn.Module, tuple[int, ...]]:
    """Return a random network, every fourth of images, and the shape of its input."""
    rng = np.random.default_rng(seed)
    sizes = [int(size) for size in rng.integers(3, 9, rng.integers(2, 4))]
    parts: list[nn.Module] = []
    shape: tuple[int, ...] = (sizes[0],)
    if seed % 4 == 3:
        shape, sizes[0] = (2, 6, 6), 27 if seed % 8 == 3 else 108
        parts += [layer.Conv2d(2, 3, 3, padding=1), neurons_of(rng)]
        parts += [layer.SumPool2d(2)] if seed % 8 == 3 else []
        parts += [layer.Flatten()]
    for before, size in pairwise(sizes):
        parts += [layer.Linear(before, size, bias=bool(rng.random() < 0.5)), neurons_of(rng)]
    return in_eighths(parts, rng), shape


def sent_of_seed(seed: int) -> Sent:
    network, shape = network_of_seed(seed)
    samples = (np.random.default_rng(seed).random((24, 3, *shape)) < 0.5).astype(np.float32)
    x = torch.from_numpy(samples)
    graph = graph_of(network, example=x)
    findings = tuple(each.message for each in target.check_graph(graph))
    content = bytes(target.compile_graph(graph).files[FILE])
    functional.reset(network)
    with torch.no_grad():
        spikes = network(x).numpy()
    return Sent(content, nodes_of(graph), samples, spikes, findings)


def nodes_of(graph: Graph) -> tuple[str, ...]:
    names = Names(node.name for node in graph.nodes).of
    return tuple(names[node.name] for node in graph.nodes if node is not graph.input)


def answers(framework: str, networks: Sequence[Sent]) -> list[tuple[str, Any, str, Any]]:
    """Return of each network: the refusal or the spikes, and that of the export or the file."""
    arrays: dict[str, Array] = {}
    asked = []
    for index, each in enumerate(networks):
        arrays[f"network{index}"] = np.frombuffer(each.content, np.uint8)
        arrays[f"network{index}.samples"] = each.samples
        asked.append({"dt": DT, "layers": [each.order[-1]], "order": each.order})
    job = {"framework": framework, "receivers": str(RECEIVER), "networks": asked}
    result = run_worker(replace(RECEIVERS[framework], worker=WORKER), job, arrays)
    replies: Any = result.result["answers"]
    return [
        (
            refused,
            result.arrays.get(f"network{index}.sent"),
            unwritten,
            result.arrays.get(f"network{index}.back"),
        )
        for index, (refused, unwritten) in enumerate(replies)
    ]


def read_back(content: Array, framework: str, samples: Array) -> tuple[Array | None, bool]:
    """Return what we compute of a framework's own file, if we read it, and whether we warn."""
    artifact = Artifact("nir", {"back.nir": content.tobytes()})
    try:
        foreign = target.foreign_graph(artifact, dt=DT, profile=framework)
    except (ArtifactError, UnsupportedLayerError):
        return None, True
    warned = any("longer than its time constant" in note for note in foreign.notes)
    return read_trace(foreign, samples).output, warned


def outcome(framework: str, each: Sent, answer: tuple[str, Any, str, Any]) -> tuple[str, str]:
    """Return how a network came to a framework, and how back from it."""
    refused, spikes, unwritten, file = answer
    about = [words for words in each.findings if words.startswith(PROFILES[framework].title)]
    forewarned = any("its own export" in words for words in about)
    warned = bool(about) and not forewarned
    there = "refused" if refused else "equal"
    if not refused and (spikes != each.spikes).any():
        there = "differs"
    assert warned or there == "equal", refused
    if unwritten:
        assert about or framework != "norse", unwritten
        return (f"{there}, warned" if warned else there), "not written"
    read, said = read_back(file, framework, each.samples)
    same = read is not None and bool((read == each.spikes).all())
    back = "refused" if read is None else ("equal" if same else "differs")
    # What comes back otherwise was warned of by check, before it went.
    assert about or back == "equal"
    return (f"{there}, warned" if warned else there), f"{back}, said" if said else back


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "framework",
    [
        "snntorch",
        *(pytest.param(n, marks=pytest.mark.thorough) for n in EQUAL if n != "snntorch"),
    ],
)
def test_a_network_comes_back_equal_or_check_warned(
    framework: str, full: bool, pytestconfig: pytest.Config
) -> None:
    install(RECEIVERS[framework])
    networks = [sent_of_seed(seed) for seed in range(96 if full else 12)]
    assert all(np.count_nonzero(each.spikes) > 0 for each in networks[:4])
    counts: Counter[tuple[str, str]] = Counter()
    for seed, (each, answer) in enumerate(zip(networks, answers(framework, networks), strict=True)):
        try:
            counts[outcome(framework, each, answer)] += 1
        except AssertionError as error:
            raise AssertionError(f"round trip {seed}: {error}") from error
    least = EQUAL[framework]
    if least is not None:
        assert counts["equal", "equal"] > least * len(networks)
    words = "; ".join(
        f"{there} / {back}: {count}" for (there, back), count in sorted(counts.items())
    )
    show(pytestconfig, f"NIR: round trips through {framework}", f"{len(networks)}: {words}")
