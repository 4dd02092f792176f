"""Our float networks with loops, delays and branches, in every framework and back through `read`.

What `check` neither refuses nor warns of is equal in the framework, every spike. A failure names
the network, such as `graph 17`, which `graph_network(17)` makes again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.frontend.from_graph import network_of
from neurodeploy.frontend.from_torch import graph_of
from neurodeploy.graph import Graph
from neurodeploy.sandbox import install
from neurodeploy.target import Severity, Simulation
from snncore import functional, neuron
from targets.nir.compile import FILE
from targets.nir.foreign.graph import Reading
from targets.nir.foreign.graph import graph_of as foreign_graph_of
from targets.nir.foreign.profiles import PROFILES
from targets.nir.graph.names import Names
from targets.nir.simulators.receivers.foreign import JUDGES
from targets.nir.simulators.receivers.run import RECEIVERS, FrameworkRun, shown
from targets.nir.target import target
from tests.conformance.nir.graphs import graph_network
from tests.conformance.summary import show
from tests.unit.targets.nir.foreign.files import affine, chain, graph, image, numbers

DT = 1e-4
# Frameworks that take loops of edges; Rockpool adds them up otherwise, in the last bit.
LOOPING = ("norse", "spikingjelly")
REFERENCE = "nir-reference"
Array = NDArray[Any]


@dataclass(frozen=True)
class Sent:
    """A network's artifact, its output's node, its samples, what it sends, and what check says."""

    seed: int
    graph: Graph
    artifact: Artifact
    node: str
    samples: Array
    spikes: Array
    warnings: tuple[str, ...]


def sent_of_seed(seed: int) -> Sent | str:
    """Return a network on its way, or the reason why check refuses it."""
    network, shape = graph_network(seed)
    samples = (np.random.default_rng(seed).random((24, 3, *shape)) < 0.5).astype(np.float32)
    x = torch.from_numpy(samples)
    graph = graph_of(network, example=x)
    findings = target.check_graph(graph)
    refusals = [each.message for each in findings if each.severity == Severity.ERROR]
    if refusals:
        return refusals[0]
    functional.reset(network)
    with torch.no_grad():
        spikes = network(x).numpy()
    node = Names(each.name for each in graph.nodes).of[graph.output]
    words = tuple(each.message for each in findings)
    return Sent(seed, graph, target.compile_graph(graph), node, samples, spikes, words)


def own_of_seed(profile: str, seed: int) -> Sent:
    """Return a network that a profile read in a random file, with a loop where it has loops."""
    rng = np.random.default_rng(seed)
    kinds = [kind for kind in PROFILES[profile].cells if kind != "LI"]
    nodes: list[tuple[str, Any]] = []
    for number in range(int(rng.integers(1, 4))):
        weights = affine(rng.integers(-6, 9, (3, 3)) / 8, rng.integers(-2, 5, 3) / 8)
        nodes += [(f"fc{number}", weights)]
        nodes += [(f"n{number}", numbers(rng, str(rng.choice(kinds)), profile))]
    node = chain(*nodes)
    edges = [(one, two) for one, two in node["edges"]]
    if profile in LOOPING and rng.random() < 0.5:
        back = {"back": affine(rng.integers(-6, 9, (3, 3)) / 8)}
        node = graph(node["nodes"] | back, [*edges, ("n0", "back"), ("back", "n0")])
    foreign = foreign_graph_of(image(node), Reading(PROFILES[profile], DT))
    network = network_of(foreign)[0]
    for module in network.modules():
        if isinstance(module, neuron.EquationNeuron):
            module.backend = "torch"
    samples = (np.random.default_rng(seed).random((24, 3, 3)) < 0.5).astype(np.float32)
    read = graph_of(network, example=torch.from_numpy(samples))
    functional.reset(network)
    with torch.no_grad():
        spikes = network(torch.from_numpy(samples)).numpy()
    words = tuple(each.message for each in target.check_graph(read))
    node_name = Names(each.name for each in read.nodes).of[read.output]
    return Sent(seed, read, target.compile_graph(read), node_name, samples, spikes, words)


def counted(name: str, networks: list[Sent]) -> Counter[str]:
    """Return how many networks a framework computes alike, warned of or not."""
    runs = [
        FrameworkRun(bytes(each.artifact.files[FILE]), DT, each.samples, (each.node,))
        for each in networks
    ]
    title = "" if name == REFERENCE else PROFILES[name].title
    counts: Counter[str] = Counter()
    for each, answer in zip(networks, shown(JUDGES[name], runs, Simulation()), strict=True):
        # Its own export is another matter: what it reads here is equal.
        about = [words for words in each.warnings if title and words.startswith(title)]
        warned = any("its own export" not in words for words in about)
        if isinstance(answer, str):
            came = "refused"
        else:
            came = "equal" if np.array_equal(answer[0].sent, each.spikes) else "differs"
        assert warned or came == "equal", f"graph {each.seed}: {came} {answer}"
        counts[f"{'warned of, ' if warned else ''}{came}"] += 1
    return counts


@pytest.mark.timeout(3600)
def test_graphs_come_to_frameworks_equal_or_check_said_so(
    full: bool, pytestconfig: pytest.Config
) -> None:
    # Every fourth has neurons as SpikingJelly's; the last two delay each neuron otherwise.
    drawn = [sent_of_seed(seed) for seed in (range(300) if full else (*range(2, 42, 4), 54, 86))]
    networks = [each for each in drawn if isinstance(each, Sent)]
    refused = Counter(each.partition(":")[0] for each in drawn if isinstance(each, str))
    assert len(networks) > len(drawn) / 2
    assert sum(np.count_nonzero(each.spikes) > 0 for each in networks) > len(networks) / 2
    for each in networks:
        assert target.read_graph(each.artifact) == each.graph, each.seed
    for name in JUDGES if full else (REFERENCE, "spikingjelly"):
        install(JUDGES[name])
        counts = counted(name, networks)
        words = ", ".join(f"{key}: {count}" for key, count in sorted(counts.items()))
        show(pytestconfig, f"NIR: graphs in {name}", f"{len(networks)}: {words}")
        assert name != REFERENCE or counts["equal"] == len(networks)
        assert name != "spikingjelly" or counts["equal"] > len(networks) / 20
    show(pytestconfig, "NIR: graphs that check refuses", f"{dict(refused)} of {len(drawn)}")


@pytest.mark.timeout(3600)
def test_what_a_profile_read_runs_alike_in_its_framework_again(
    full: bool, pytestconfig: pytest.Config
) -> None:
    for profile in RECEIVERS if full else ("norse",):
        install(JUDGES[profile])
        networks = [own_of_seed(profile, seed) for seed in range(24 if full else 3)]
        counts = counted(profile, networks)
        words = ", ".join(f"{key}: {count}" for key, count in sorted(counts.items()))
        show(pytestconfig, f"NIR: read by {profile} and written again", words)
        assert counts["equal"] > len(networks) / 2
        assert sum(np.count_nonzero(each.spikes) > 0 for each in networks) > len(networks) / 2
