"""The weights between two layers of the chain, joined into one matrix with its delays."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Edge
from neurodeploy.errors import DoesNotFitError
from neurodeploy.lowering.chain.branches import Branches
from neurodeploy.lowering.chain.grid import Layer
from neurodeploy.lowering.chain.levels import Levels
from neurodeploy.lowering.chain.taps import unrolled
from neurodeploy.program import Dense

# The largest matrix, in weights, that is worth writing.
_MOST = 1 << 27


def joined_matrix(
    name: str,
    source: str,
    branches: Branches,
    levels: Levels,
    layers: tuple[Layer, ...],
    level: int,
) -> Dense:
    """Return the dense weights that lead to a layer of the chain.

    Raises:
        DoesNotFitError: if they are too many; names the layers.
    """
    before, layer = layers[level - 1], layers[level]
    size = (prod(layer.shape), prod(before.shape))
    if prod(size) > _MOST:
        beside = " and ".join(dict.fromkeys(slot.name for slot in layer.slots))
        raise DoesNotFitError(
            f"{beside}: side by side they need a matrix of {size[0]} x {size[1]} weights",
            remedy="flatten later, pool before it, or export the network for "
            f"{branches.form.elsewhere}",
        )
    weight: NDArray[Any] = np.zeros(size, dtype=np.int32)
    delays: NDArray[Any] = np.zeros(size, dtype=np.int32)
    for slot in layer.slots:
        shape = branches.shape(slot.name)
        rows = layer.indices(slot, shape).reshape(-1)
        if slot.relay:
            columns = before.indices(levels.read(level, slot.name, 0), shape).reshape(-1)
            weight[rows, columns] += branches.form.relay_weight
            continue
        unit = branches.units[slot.name]
        for drive, copy in zip(unit.drives, levels.copies[slot.name], strict=True):
            origin = branches.shape(drive.source)
            own = unrolled(drive.node, origin, shape)
            read = levels.read(level, drive.source, copy)
            block = np.ix_(rows, before.indices(read, origin).reshape(-1))
            weight[block] += own
            if isinstance(drive.node, Dense) and drive.node.delays is not None:
                delays[block] = np.where(own != 0, drive.node.delays, delays[block])
    units = [branches.units[slot.name].neuron for slot in layer.slots if not slot.relay]
    exponent = next((node.exponent for node in units if node is not None), 0)
    late = delays if delays.any() else None
    bits = branches.form.dense_bits
    return Dense(name, Edge(source), weight, exponent, 0, bits, late)


def joined_loop(name: str, neurons: str, branches: Branches, layer: Layer) -> Dense | None:
    """Return the weights through which each layer's own spikes come back, side by side."""
    loops = {slot: branches.units[slot.name].loop for slot in layer.slots if not slot.relay}
    own = {slot: loop for slot, loop in loops.items() if loop is not None}
    if not own:
        return None
    size = prod(layer.shape)
    weight: NDArray[Any] = np.zeros((size, size), dtype=np.int32)
    for slot, loop in own.items():
        rows = layer.indices(slot, branches.shape(slot.name)).reshape(-1)
        weight[np.ix_(rows, rows)] = loop.narrow_weight
    exponent, bits = next(iter(own.values())).exponent, branches.form.dense_bits
    return Dense(name, Edge(neurons, 1), weight, exponent, 0, bits)
