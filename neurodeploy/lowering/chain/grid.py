"""The grid of places that a layer of images has, and how its channels hold finer images.

1. A layer's grid is the least common multiple of the strides of all that it holds.
2. An image of a finer stride is held as phases: a place of the grid holds several of its places.
3. A relay holds the phases that are read behind it, a layer of the network all of them.
4. A layer is dense where something in it or before it is, or where strides do not agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import lcm, prod

import numpy as np

from neurodeploy.data.structure import Pair, Shape
from neurodeploy.lowering.chain.branches import Branches
from neurodeploy.lowering.chain.levels import Levels, Slot
from neurodeploy.lowering.chain.taps import taps_of
from neurodeploy.program import Conv2d, Integers


@dataclass(frozen=True)
class Placed:
    """A slot of an image layer: its first channel, its phases, and those of them that it holds."""

    shape: Shape
    first: int
    phases: Pair = (1, 1)
    kept: tuple[tuple[int, ...], tuple[int, ...]] = ((0,), (0,))

    def channels(self, phase: Pair) -> slice:
        """Return the layer's channels that hold a phase."""
        down, right = (kept.index(p) for kept, p in zip(self.kept, phase, strict=True))
        first = self.first + (down * len(self.kept[1]) + right) * self.shape[0]
        return slice(first, first + self.shape[0])

    @property
    def count(self) -> int:
        """The number of channels."""
        return len(self.kept[0]) * len(self.kept[1]) * self.shape[0]


@dataclass(frozen=True)
class Layer:
    """The slots of one layer of the chain; with `placed` they are channels of an image."""

    shape: Shape
    slots: tuple[Slot, ...]
    # For each slot of a vector: its first neuron.
    first: dict[Slot, int]
    placed: dict[Slot, Placed] | None = None
    # How many places of the image before it make one of its own.
    stride: Pair = (1, 1)

    def indices(self, slot: Slot, shape: Shape) -> Integers:
        """Return where each value of a slot stands in the layer, in C order."""
        if self.placed is None:
            return self.first[slot] + np.arange(prod(shape)).reshape(shape)
        placed, (_, high, wide) = self.placed[slot], self.shape
        result = np.zeros(shape, dtype=np.int64)
        for phase in product(*placed.kept):
            (down, right), channels = placed.phases, placed.channels(phase)
            rows = np.arange(len(range(phase[0], shape[1], down)))
            columns = np.arange(len(range(phase[1], shape[2], right)))
            c = np.arange(channels.start, channels.stop)[:, None, None]
            places = (c * high + rows[:, None]) * wide + columns
            result[:, phase[0] :: down, phase[1] :: right] = places
        return result


def layers_of(branches: Branches, levels: Levels) -> tuple[Layer, ...]:
    """Return every layer of the chain with its shape, the input first."""
    strides = _strides(branches)
    images = _images(branches, levels, strides)
    grids = [
        _grid([strides[slot.name] for slot in slots])
        for slots, image in zip(levels.slots, images, strict=True)
        if image
    ]
    kept = _kept(branches, levels, grids, strides)
    layers = []
    for level, slots in enumerate(levels.slots):
        if level < len(grids):
            before = grids[max(level - 1, 0)]
            layers.append(_image_layer(branches, slots, grids[level], before, strides, kept[level]))
            continue
        sizes = [prod(branches.shape(slot.name)) for slot in slots]
        firsts = [int(n) for n in np.cumsum([0, *sizes[:-1]])]
        shape = (sum(sizes),) if level else branches.shape(branches.first)
        layers.append(Layer(shape, slots, dict(zip(slots, firsts, strict=True))))
    return tuple(layers)


def _grid(strides: list[Pair | None]) -> Pair:
    single = [each for each in strides if each is not None]
    return (lcm(*(s[0] for s in single)), lcm(*(s[1] for s in single)))


def _strides(branches: Branches) -> dict[str, Pair | None]:
    """Return the stride of each image against the input's, or None where there is no single one."""
    first = branches.shape(branches.first)
    strides: dict[str, Pair | None] = {branches.first: (1, 1) if len(first) == 3 else None}
    for name, unit in branches.units.items():
        paths = set[Pair | None]()
        for drive in unit.drives:
            before, node = strides[drive.source], drive.node
            steady = before is not None and isinstance(node, Conv2d) and unit.is_image
            if steady and before is not None and isinstance(node, Conv2d):
                paths.add((before[0] * node.stride[0], before[1] * node.stride[1]))
            else:
                paths.add(None)
        strides[name] = paths.pop() if len(paths) == 1 else None
    return strides


def _images(branches: Branches, levels: Levels, strides: dict[str, Pair | None]) -> list[bool]:
    """Return for each layer whether it is an image: up to the first that cannot be one."""
    images: list[bool] = []
    for slots in levels.slots:
        fits = all(strides[slot.name] is not None for slot in slots)
        images.append(fits and all(images))
    return images


def _kept(
    branches: Branches, levels: Levels, grids: list[Pair], strides: dict[str, Pair | None]
) -> list[dict[Slot, tuple[set[int], set[int]]]]:
    """Return the phases that are read of each slot, from the last layer to the first."""
    kept: list[dict[Slot, tuple[set[int], set[int]]]] = [
        {slot: (set(), set()) for slot in slots} for slots in levels.slots
    ]

    def phases(level: int, name: str) -> Pair:
        own = strides[name]
        assert own is not None
        return (grids[level][0] // own[0], grids[level][1] // own[1])

    for level in reversed(range(len(grids))):
        for slot, sets in kept[level].items():
            whole = phases(level, slot.name)
            # A dense layer behind reads every value.
            if not slot.relay or level + 1 == len(grids):
                sets[0].update(range(whole[0]))
                sets[1].update(range(whole[1]))
            if level == 0:
                continue
            for source, stride, offsets in _reads(branches, levels, level, slot):
                before = phases(level - 1, source.name)
                for axis in (0, 1):
                    kept[level - 1][source][axis].update(
                        (p * stride[axis] + d) % before[axis]
                        for p in sets[axis]
                        for d in offsets[axis] or {0}
                    )
    return kept


def _reads(
    branches: Branches, levels: Levels, level: int, slot: Slot
) -> list[tuple[Slot, Pair, tuple[set[int], set[int]]]]:
    """Return the slots that a slot reads, each with stride and offsets along both axes."""
    if slot.relay:
        return [(levels.read(level, slot.name, 0), (1, 1), ({0}, {0}))]
    unit, copies = branches.units[slot.name], levels.copies[slot.name]
    reads = []
    for drive, copy in zip(unit.drives, copies, strict=True):
        assert isinstance(drive.node, Conv2d)
        taps = taps_of(drive.node)
        source = levels.read(level, drive.source, copy)
        reads.append((source, drive.node.stride, (taps.used(0), taps.used(1))))
    return reads


def _image_layer(
    branches: Branches,
    slots: tuple[Slot, ...],
    grid: Pair,
    before: Pair,
    strides: dict[str, Pair | None],
    kept: dict[Slot, tuple[set[int], set[int]]],
) -> Layer:
    placed: dict[Slot, Placed] = {}
    first, sides = 0, (1, 1)
    for slot in slots:
        shape, own = branches.shape(slot.name), strides[slot.name]
        assert own is not None
        phases = (grid[0] // own[0], grid[1] // own[1])
        down, right = (tuple(sorted(each)) or (0,) for each in kept[slot])
        placed[slot] = Placed(shape, first, phases, (down, right))
        first += placed[slot].count
        here = (-(-shape[1] // phases[0]), -(-shape[2] // phases[1]))
        sides = (max(sides[0], here[0]), max(sides[1], here[1]))
    stride = (grid[0] // before[0], grid[1] // before[1])
    return Layer((first, *sides), slots, {}, placed, stride)
