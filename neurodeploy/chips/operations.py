"""What a network does for one sample, counted from its trace: what an event-driven chip works."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.chips.resources import LayerOperations
from neurodeploy.program import Edge, Flatten, Input, Neuron, Program, Synapse
from neurodeploy.trace import Trace


def operations(
    program: Program, trace: Trace, samples: NDArray[np.int64]
) -> tuple[LayerOperations, ...]:
    """The operations of every layer for one of the samples (T, N, ...), on average."""
    steps, count = samples.shape[:2]
    found = []
    for layer in program.layers:
        synaptic = sum(_synaptic(program, edge, trace, samples) for edge in layer.inputs)
        updates = steps * prod(program.shapes[layer.name])
        fired = int(np.count_nonzero(trace[layer.name].s))
        found.append(LayerOperations(layer.name, synaptic / count, updates, fired / count))
    return tuple(found)


def _synaptic(program: Program, edge: Edge, trace: Trace, samples: NDArray[np.int64]) -> int:
    """Every event that arrives, counted once for each synapse behind it."""
    synapse = program.by_name[edge.source]
    if not isinstance(synapse, Synapse):
        return 0
    return sum(
        _arrived(program, part, _later(part.source, edge), trace, samples)
        for part in synapse.single_delays
    )


def _later(edge: Edge, other: Edge) -> Edge:
    return Edge(edge.source, edge.delay + other.delay)


def _arrived(
    program: Program, synapse: Synapse, edge: Edge, trace: Trace, samples: NDArray[np.int64]
) -> int:
    """The events of an edge, each counted once for each of these synapses behind it."""
    name, late = edge.source, edge.delay
    while isinstance(flat := program.by_name[name], Flatten):
        name, late = flat.source.source, late + flat.source.delay
    source = program.by_name[name]
    values: Any = samples
    if isinstance(source, Neuron):
        values = trace[name].s
    elif not isinstance(source, Input):
        return 0
    reached = synapse.fan_out(program.shapes[edge.source])
    arrived = values[: max(len(values) - late, 0)]
    events = np.count_nonzero(arrived, axis=(0, 1))
    return int((events.reshape(-1) * reached.reshape(-1)).sum())
