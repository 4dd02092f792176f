"""The neurons of a layer of the chain: each slot's own parameters, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod

import numpy as np

from neurodeploy.data.structure import Edge, Shape
from neurodeploy.lowering.chain.branches import Branches
from neurodeploy.lowering.chain.grid import Layer, Placed
from neurodeploy.lowering.chain.levels import Slot
from neurodeploy.program import Integers, Neuron, Part


def joined_neurons(
    name: str, inputs: tuple[Edge, ...], exponent: int, branches: Branches, layer: Layer
) -> Neuron:
    """Return the neurons of a layer, with the layers of the network that they hold."""
    form = branches.form
    parameters = {
        key: _values(key, branches, layer, full=_needs_neurons(branches, layer))
        for key in form.equations.parameters
    }
    parts = tuple(
        _part(slot, branches, layer)
        for slot in layer.slots
        if not slot.relay and branches.units[slot.name].neuron is not None
    )
    kind = (form.equations, form.system)
    return Neuron(name, inputs, *kind, parameters, exponent, parts=parts)


def has_surplus(placed: Placed, layer: Shape) -> bool:
    """Return whether a layer's grid has places where the slot's image has none."""
    sides = zip(placed.shape[1:], placed.phases, layer[1:], strict=True)
    return any(size < f * side for size, f, side in sides)


def _part(slot: Slot, branches: Branches, layer: Layer) -> Part:
    shape = branches.shape(slot.name)
    if layer.placed is None:
        return Part(slot.name, shape, layer.first[slot])
    placed = layer.placed[slot]
    return Part(slot.name, shape, placed.first, placed.phases)


def _own(key: str, slot: Slot, branches: Branches) -> Integers:
    """Return a slot's parameter as its layer has it."""
    values: Mapping[str, Integers | int] = branches.form.relay
    if not slot.relay:
        unit = branches.units[slot.name]
        values = (unit.parameters or values) if unit.neuron is None else unit.neuron.parameters
    return np.asarray(values[key], dtype=np.int64)


def _needs_neurons(branches: Branches, layer: Layer) -> bool:
    """Return whether channels are too few: a value for each neuron is needed."""
    if layer.placed is None:
        return True
    for slot, placed in layer.placed.items():
        if not slot.relay and has_surplus(placed, layer.shape):
            return True
        own = [_own(key, slot, branches) for key in branches.form.equations.parameters]
        if any(each.ndim > 0 and prod(each.shape[-2:]) > 1 for each in own):
            return True
    return False


def _values(key: str, branches: Branches, layer: Layer, *, full: bool) -> Integers:
    """Return a parameter of the whole layer, one value a channel or one a neuron."""
    if layer.placed is None:
        flat = [
            np.broadcast_to(_own(key, slot, branches), branches.shape(slot.name)).reshape(-1)
            for slot in layer.slots
        ]
        return np.concatenate(flat)
    channels, high, wide = layer.shape
    values = np.zeros((channels, high, wide) if full else (channels, 1, 1), dtype=np.int64)
    for slot, placed in layer.placed.items():
        own = _own(key, slot, branches)
        if not full:
            each = np.broadcast_to(own, (placed.shape[0], 1, 1))
            for phase in product(*placed.kept):
                values[placed.channels(phase)] = each
            continue
        image = np.broadcast_to(own, placed.shape)
        beyond = branches.form.relay if slot.relay else branches.form.silent
        for phase in product(*placed.kept):
            there = image[:, phase[0] :: placed.phases[0], phase[1] :: placed.phases[1]]
            values[placed.channels(phase)] = beyond[key]
            values[placed.channels(phase), : there.shape[1], : there.shape[2]] = there
    return values
