"""A program in an emulator's form: layers of neurons, and every connection as a number.

A weight of zero is not a connection, and an image is its neurons in C order.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.errors import SimulatorScopeError
from neurodeploy.program import Conv2d, Dense, Flatten, Integers, Program, Signal, Synapse
from neurodeploy.simulator.golden import combine
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI

# Larger matrices are left to Lava, which supports convolutions.
_MOST = 1 << 24
INPUT = -1


@dataclass(frozen=True)
class Connection:
    """Connections between two layers: weights (neurons, sources), and optional delays."""

    source: int
    weight: Integers
    delays: Integers | None


@dataclass(frozen=True)
class UnrolledLayer:
    """One layer's neurons: their connections, and a value of each parameter per neuron."""

    shape: tuple[int, ...]
    connections: tuple[Connection, ...]
    parameters: dict[str, Integers]


def unrolled(program: Program) -> list[UnrolledLayer]:
    """Return every layer of neurons.

    Raises:
        SimulatorScopeError: if an emulator does not support a layer; says which and why.
    """
    if program.input.signal != Signal.SPIKES:
        raise _beyond(program.input.name, "takes currents, and an emulator's input is spikes")
    places = {layer.name: index for index, layer in enumerate(program.layers)}
    layers = []
    for node in program.layers:
        if not node.equations.same_computation(CUBA_LIF) or node.system != LOIHI:
            raise _beyond(node.name, f"has {node.equations.name} neurons, and emulators CUBA LIF")
        synapses = [program.by_name[edge.source] for edge in node.inputs]
        shape = program.shapes[node.name]
        connections = tuple(
            _connection(program, synapse, places)
            for synapse in synapses
            if isinstance(synapse, Synapse)
        )
        parameters = {
            key: np.broadcast_to(value, shape).reshape(-1).astype(np.int64)
            for key, value in node.parameters.items()
        }
        layers.append(UnrolledLayer(shape, connections, parameters))
    return layers


def _connection(program: Program, node: Synapse, places: dict[str, int]) -> Connection:
    name = node.source.source
    while isinstance(flat := program.by_name[name], Flatten):
        name = flat.source.source
    source = places.get(name, INPUT)
    return _CONNECTION(node, program, source)


# The connections of weights whose source has a number.
_CONNECTION = KindTable[[Program, int], Connection]("an emulator of the chip")


@_CONNECTION.register(Dense)
def _dense(node: Dense, program: Program, source: int) -> Connection:
    if node.shift:
        raise _beyond(node.name, "has sums that Lava's loader shifts, which no chip does")
    return Connection(source, node.weight, node.delays)


@_CONNECTION.register(Conv2d)
def _unrolled_kernel(node: Conv2d, program: Program, source: int) -> Connection:
    shape = program.shapes[node.source.source]
    size = prod(shape) * prod(program.shapes[node.name])
    if size > _MOST:
        raise _beyond(node.name, f"has {size} possible connections, too many to list")
    ones = np.eye(prod(shape), dtype=np.int64).reshape(-1, *shape)
    return Connection(source, combine(node, ones).reshape(prod(shape), -1).T, None)


def _beyond(node: str, reason: str) -> SimulatorScopeError:
    return SimulatorScopeError(f"{node}: {reason}", remedy="verify with --simulator lava")
