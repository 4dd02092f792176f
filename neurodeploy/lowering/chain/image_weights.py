"""The weights between two layers of images, joined into one convolution.

A tap of a layer's kernel at offset d reads phase d mod f of an image that is held as f phases, at
d div f places from the output's own.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Edge, Pair
from neurodeploy.lowering.chain.branches import Branches
from neurodeploy.lowering.chain.grid import Layer
from neurodeploy.lowering.chain.levels import Levels, Slot
from neurodeploy.lowering.chain.taps import Taps, Weights, one_to_one, taps_of
from neurodeploy.program import Conv2d

# Output channels, input channels, and weights between them, by offset.
_Blocks = dict[Pair, list[tuple[slice, slice, Weights]]]


def joined_kernel(
    name: str,
    source: str,
    branches: Branches,
    levels: Levels,
    layers: tuple[Layer, ...],
    level: int,
) -> Conv2d:
    """Return the convolution that leads to a layer of the chain."""
    before, layer = layers[level - 1], layers[level]
    blocks: _Blocks = {}
    for slot in layer.slots:
        for read, taps in reads_of(branches, levels, level, slot):
            _add(blocks, slot, layer, read, before, taps)
    fitted = [_window(blocks, axis, before, layer) for axis in (0, 1)]
    (high, top), (wide, left) = fitted
    weight: NDArray[Any] = np.zeros((layer.shape[0], before.shape[0], high, wide), dtype=np.int32)
    for (y, x), parts in blocks.items():
        for rows, columns, values in parts:
            weight[rows, columns, y + top, x + left] += values
    bits = branches.form.kernel_bits
    exponent = _exponent(branches, layer)
    windows = (layer.stride, (top, left), (1, 1), 1)
    return Conv2d(name, Edge(source), weight, *windows, exponent, bits)


def reads_of(branches: Branches, levels: Levels, level: int, slot: Slot) -> list[tuple[Slot, Taps]]:
    """Return the slots that a slot of an image reads, with the taps of each."""
    if slot.relay:
        channels = branches.shape(slot.name)[0]
        taps = one_to_one(channels, branches.form.relay_weight)
        return [(levels.read(level, slot.name, 0), taps)]
    unit, copies = branches.units[slot.name], levels.copies[slot.name]
    return [
        (levels.read(level, drive.source, copy), taps_of(drive.node))
        for drive, copy in zip(unit.drives, copies, strict=True)
        if isinstance(drive.node, Conv2d)
    ]


def _add(blocks: _Blocks, slot: Slot, layer: Layer, read: Slot, before: Layer, taps: Taps) -> None:
    """Add a slot's taps as weights between the channels of two layers."""
    assert layer.placed is not None
    assert before.placed is not None
    own, source = layer.placed[slot], before.placed[read]
    for phase in product(*own.kept):
        for offset, weight in taps.by_offset.items():
            if not weight.any():
                continue
            at = [phase[i] * taps.stride[i] + offset[i] for i in (0, 1)]
            there = (at[0] % source.phases[0], at[1] % source.phases[1])
            offset_before = (at[0] // source.phases[0], at[1] // source.phases[1])
            block = (own.channels(phase), source.channels(there), weight)
            blocks.setdefault(offset_before, []).append(block)


def _window(blocks: _Blocks, axis: int, before: Layer, layer: Layer) -> Pair:
    """Return the smallest kernel and padding that hold every offset and give the layer's size."""
    low = min((offset_before[axis] for offset_before in blocks), default=0)
    high = max((offset_before[axis] for offset_before in blocks), default=0)
    size, wanted, stride = before.shape[1 + axis], layer.shape[1 + axis], layer.stride[axis]
    padding = max(0, -low)
    # A step of padding makes room for two of the kernel, and needs one.
    while (most := size + 2 * padding - stride * (wanted - 1)) < high + padding + 1:
        padding += 1
    return max(high + padding + 1, most - stride + 1, 1), padding


def _exponent(branches: Branches, layer: Layer) -> int:
    units = [branches.units[slot.name].neuron for slot in layer.slots if not slot.relay]
    return next((node.exponent for node in units if node is not None), 0)
