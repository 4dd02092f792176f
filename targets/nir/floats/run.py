"""Float networks of NIR files as nir reads them, stepped in float32 by nir's own graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.sandbox import Call, Limits, run_many
from neurodeploy.target import Simulation
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics.sent import sends_spikes
from snncore.dynamics.zoo.readout import LAST
from targets.nir.floats.artifact import open_graph
from targets.nir.graph.names import Names
from targets.nir.simulators.simulate import REFERENCE


def run_graph(artifact: Artifact, samples: NDArray[Any], simulation: Simulation) -> Trace:
    """Return what nir's reading of a file computes from samples (T, N, ...).

    Raises:
        ArtifactError: if it is not a file of ours.
        SimulatorError: if nir is missing or fails.
    """
    graph, dt = open_graph(artifact)
    content = next(artifact.files[n] for n in artifact.files if n.endswith(".nir"))
    names = Names(node.name for node in graph.nodes).of
    layers = [n for n in graph.layers if not n.equations.same_computation(LAST)]
    arrays: dict[str, NDArray[Any]] = {
        "network0": np.frombuffer(bytes(content), np.uint8),
        "network0.samples": np.asarray(samples, np.float32),
    }
    network = {"dt": dt, "layers": [names[node.name] for node in layers], "forced": []}
    limits = simulation.limits or Limits(300 + (len(content) + samples.size) * 1e-4, 4096)
    calls = [Call({"networks": [network]}, arrays, limits)]
    (result,) = run_many(REFERENCE, calls, progress=simulation.progress)
    shown = {}
    for position, node in enumerate(layers):
        stem = f"network0.layer{position}"
        values = {key: result.arrays[f"{stem}.{key}"].astype(np.float64) for key in ("s", "v")}
        shown[node.name] = LayerTrace(values, sends_spikes(node.equations))
    return Trace(shown, graph.output, graph.readout)
