"""Other writers' files in the frameworks that read NIR, layer by layer of our network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.graph import ForeignGraph
from neurodeploy.sandbox import Environment
from neurodeploy.target import Simulation
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics.sent import sends_spikes
from targets.nir.simulators.receivers.run import (
    RECEIVERS,
    FrameworkRun,
    Shown,
    shown_or_refused,
)
from targets.nir.simulators.simulate import REFERENCE

JUDGES: Mapping[str, Environment] = {REFERENCE.name: REFERENCE, **RECEIVERS}
# The name of a network's output where its last node is not one of neurons.
OUTPUT = ""


def judged(
    artifact: Artifact,
    foreign: ForeignGraph,
    samples: NDArray[Any],
    simulator: str,
    simulation: Simulation,
) -> Trace:
    """Return what a simulator computes of a file over samples (T, N, ...).

    Raises:
        SimulatorScopeError: if it refuses the file; has its own words.
        SimulatorError: if it is missing or its process fails.
    """
    (content,) = artifact.files.values()
    run = foreign_run(bytes(content), foreign, samples)
    return foreign_trace(foreign, shown_or_refused(JUDGES[simulator], run, simulation))


def foreign_run(content: bytes, foreign: ForeignGraph, samples: NDArray[Any]) -> FrameworkRun:
    """Return the run of a file, whose nodes are those that our layers of neurons came from."""
    names = {ours: theirs for theirs, (_, ours) in foreign.became.items()}
    nodes = [names[node.name] for node in foreign.graph.layers]
    nodes += [] if foreign.graph.output in _layers(foreign) else [OUTPUT]
    return FrameworkRun(content, foreign.dt, np.asarray(samples, np.float32), tuple(nodes))


def foreign_trace(foreign: ForeignGraph, shown: list[Shown]) -> Trace:
    """Return what a simulator's nodes show as the trace of our network."""
    graph = foreign.graph
    layers = {}
    for (name, spiking), each in zip(_named(foreign), shown, strict=True):
        values = {} if each.voltage is None else {"v": each.voltage.astype(np.float64)}
        layers[name] = LayerTrace(values | {"s": each.sent.astype(np.float64)}, spiking)
    return Trace(layers, graph.output, graph.readout)


def _named(foreign: ForeignGraph) -> list[tuple[str, bool]]:
    named = [(node.name, sends_spikes(node.equations)) for node in foreign.graph.layers]
    output = foreign.graph.output
    return named if output in _layers(foreign) else [*named, (output, False)]


def _layers(foreign: ForeignGraph) -> set[str]:
    return {node.name for node in foreign.graph.layers}
