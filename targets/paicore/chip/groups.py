"""The groups of cores of a network, from the last layer to the first.

All neurons of a group read the same values, which reach its cores at once. Because they are made
backward, it is known how many groups read a neuron: so many copies of it the chip needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.data.structure import Shape
from neurodeploy.program import Integers
from targets.paicore.chip.facts import DENDRITES, LARGEST_GROUP
from targets.paicore.chip.layers import Block, Layer
from targets.paicore.chip.tiling import Tiling, capacity, group_size


@dataclass(frozen=True)
class Group:
    """Cores that read the same values."""

    layer: Layer
    block: Block
    # The neurons in C order, each as often as it has a copy in this group.
    neurons: Integers
    axons: int
    # The number of neurons and copies that a core holds, and the rows that each of them takes.
    capacity: int

    @property
    def cores(self) -> int:
        """The cores that are used."""
        return -(-len(self.neurons) // self.capacity)

    @property
    def size(self) -> int:
        """The cores that it takes."""
        return group_size(self.cores)

    @property
    def rows(self) -> int:
        """The rows that a neuron takes."""
        return DENDRITES // self.capacity


def groups_of(layers: Sequence[Layer], tilings: Mapping[str, Tiling]) -> list[Group]:
    """Return the groups of all layers, in the order of the layers."""
    # By layer: how many groups read each neuron.
    read = {layer.name: np.zeros(layer.neurons, np.int64) for layer in layers}
    groups: list[list[Group]] = []
    for layer in reversed(layers):
        mine = _groups(layer, tilings[layer.name], np.maximum(read[layer.name], 1))
        for group in mine:
            for source, block, shape in senders(group):
                if source in read:
                    read[source].reshape(shape)[block] += 1
        groups.append(mine)
    return [group for each in reversed(groups) for group in each]


def senders(group: Group) -> list[tuple[str, Block, Shape]]:
    """Return each source of a group with the block that it reads, and the source's shape."""
    return [
        (each.source, each.senders(group.block), each.shape if len(each.shape) == 3 else (-1, 1, 1))
        for each in group.layer.weights
    ]


def _groups(layer: Layer, tiling: Tiling, copies: Integers) -> list[Group]:
    numbers = np.arange(layer.neurons).reshape(layer.grid)
    room = capacity(layer, tiling.extension)
    groups = []
    for block in layer.tiles(tiling.rows, tiling.columns):
        tile = numbers[block].reshape(-1)
        every = np.repeat(tile, copies[tile])
        axons = sum(
            (part[0].stop - part[0].start)
            * (part[1].stop - part[1].start)
            * (part[2].stop - part[2].start)
            for part in (each.senders(block) for each in layer.weights)
        )
        # A tile of too many cores becomes several groups, which read the same.
        most = room * LARGEST_GROUP
        groups += [
            Group(layer, block, every[first : first + most], axons, room)
            for first in range(0, len(every), most)
        ]
    return groups
