"""The operations of a network for one sample, counted from its trace, on an event-driven chip."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.chips.resources import LayerOperations
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.program import (
    Arithmetic,
    Edge,
    Input,
    Neuron,
    Node,
    Program,
    Selection,
    Synapse,
)
from neurodeploy.trace import Trace


def operations(
    program: Program, trace: Trace, samples: NDArray[np.int64]
) -> tuple[LayerOperations, ...]:
    """Return the operations of every layer for one of the samples (T, N, ...), on average."""
    steps, count = samples.shape[:2]
    counts = []
    for layer in program.layers:
        synaptic = sum(_synaptic(program, edge, trace, samples) for edge in layer.inputs)
        updates = steps * prod(program.shapes[layer.name])
        fired = int(np.count_nonzero(trace[layer.name].s))
        counts.append(LayerOperations(layer.name, synaptic / count, updates, fired / count))
    return tuple(counts)


def fired(
    program: Program, trace: Trace, samples: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Return the spikes of each neuron for one of the samples, on average, in C order."""
    count = samples.shape[1]
    spikes = {layer.name: trace[layer.name].s for layer in program.layers}
    return {
        name: np.count_nonzero(each, axis=(0, 1)).reshape(-1) / count
        for name, each in spikes.items()
    }


def _synaptic(program: Program, edge: Edge, trace: Trace, samples: NDArray[np.int64]) -> int:
    """Return the number of arriving events, each counted once per synapse that it reaches."""
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
    """Return the events of an edge, each counted once per synapse of this layer that it reaches."""
    values = _EVENTS(program.by_name[edge.source], program, trace, samples)
    if values is None:
        return 0
    reached = synapse.fan_out(program.shapes[edge.source])
    arrived = values[: max(len(values) - edge.delay, 0)]
    events = np.count_nonzero(arrived, axis=(0, 1))
    return int((events.reshape(-1) * reached.reshape(-1)).sum())


# The values (T, N, ...) that a node sends, if the trace tells them.
_EVENTS = KindTable[[Program, Trace, NDArray[np.int64]], NDArray[Any] | None](
    "the count of operations"
)


@_EVENTS.register(Input)
def _input(
    node: Input, program: Program, trace: Trace, samples: NDArray[np.int64]
) -> NDArray[Any] | None:
    return samples


@_EVENTS.register(Neuron)
def _neurons(
    node: Neuron, program: Program, trace: Trace, samples: NDArray[np.int64]
) -> NDArray[Any] | None:
    return trace[node.name].s


@_EVENTS.register(Selection)
def _selected(
    node: Selection, program: Program, trace: Trace, samples: NDArray[np.int64]
) -> NDArray[Any] | None:
    """Return the moved values, which are events as well; of a largest value no chip here knows."""
    moved = []
    for edge in node.sources if node.additive else ():
        values = _EVENTS(program.by_name[edge.source], program, trace, samples)
        if values is None:
            return None
        late = np.zeros_like(values)
        late[edge.delay :] = values[: max(len(values) - edge.delay, 0)]
        moved.append(late.reshape(-1, *values.shape[2:]))
    return (
        node.select(*moved).reshape(*samples.shape[:2], *program.shapes[node.name])
        if moved
        else None
    )


@_EVENTS.register(Synapse, Arithmetic)
def _untold(
    node: Node, program: Program, trace: Trace, samples: NDArray[np.int64]
) -> NDArray[Any] | None:
    """Return none: a trace has no sums and no products, which no chip here reads."""
    return None
