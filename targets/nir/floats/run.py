"""Float networks of NIR files as nir reads them, stepped in float32 by nir's own graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import SimulatorScopeError
from neurodeploy.graph import Graph, Neuron
from neurodeploy.sandbox import Call, Limits, run_many
from neurodeploy.target import Simulation
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics.sent import sends_spikes
from snncore.dynamics.zoo.readout import LAST
from targets.nir.floats.artifact import open_graph
from targets.nir.floats.profiled import profile_of
from targets.nir.foreign.profiles import SPEC
from targets.nir.graph.names import Names
from targets.nir.simulators.receivers.run import RECEIVERS
from targets.nir.simulators.simulate import REFERENCE


@dataclass(frozen=True, eq=False)
class GraphRun:
    """A float network's file, its layers whose nodes NIR has, and samples (T, N, ...)."""

    content: bytes
    dt: float
    samples: NDArray[Any]
    graph: Graph
    layers: tuple[Neuron, ...]

    @classmethod
    def of(cls, artifact: Artifact, samples: NDArray[Any]) -> GraphRun:
        """Return a run of an artifact's file.

        Raises:
            ArtifactError: if it is not a file of ours.
        """
        graph, dt = open_graph(artifact)
        content = next(artifact.files[n] for n in artifact.files if n.endswith(".nir"))
        layers = tuple(n for n in graph.layers if not n.equations.same_computation(LAST))
        return cls(bytes(content), dt, np.asarray(samples, np.float32), graph, layers)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of NIR's nodes of neurons."""
        names = Names(node.name for node in self.graph.nodes).of
        return tuple(names[node.name] for node in self.layers)

    def trace(self, shown: Sequence[Mapping[str, NDArray[Any]]]) -> Trace:
        """Return what each layer shows as a trace."""
        layers = {
            node.name: LayerTrace(
                {key: value.astype(np.float64) for key, value in values.items()},
                sends_spikes(node.equations),
            )
            for node, values in zip(self.layers, shown, strict=True)
        }
        return Trace(layers, self.graph.output, self.graph.readout)


def run_graph(artifact: Artifact, samples: NDArray[Any], simulation: Simulation) -> Trace:
    """Return what nir's reading of a file computes from samples (T, N, ...).

    Raises:
        ArtifactError: if it is not a file of ours.
        SimulatorScopeError: if the file means the network as a framework reads it.
        SimulatorError: if nir is missing or fails.
    """
    run = GraphRun.of(artifact, samples)
    profile = profile_of(run.graph)
    if profile.name != SPEC:
        words = f"the file means this network as {profile.title} reads it, not as nir documents it"
        way = profile.name if profile.name in RECEIVERS else "none"
        raise SimulatorScopeError(words, remedy=f"verify with --simulator {way}")
    arrays = {"network0": np.frombuffer(run.content, np.uint8), "network0.samples": run.samples}
    network = {"dt": run.dt, "layers": list(run.nodes), "forced": []}
    limits = simulation.limits or Limits(300 + (len(run.content) + samples.size) * 1e-4, 4096)
    calls = [Call({"networks": [network]}, arrays, limits)]
    (result,) = run_many(REFERENCE, calls, progress=simulation.progress)
    stems = [f"network0.layer{position}" for position in range(len(run.layers))]
    keys = [[key for key in ("s", "v") if f"{stem}.{key}" in result.arrays] for stem in stems]
    return run.trace(
        [{k: result.arrays[f"{s}.{k}"] for k in each} for s, each in zip(stems, keys, strict=True)]
    )
