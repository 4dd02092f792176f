"""The layers of a network as a core sees them: neurons on a grid, and the values that they read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import gcd, prod

import numpy as np

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Shape
from neurodeploy.program import Conv2d, Dense, Flatten, Neuron, Program, Synapse
from targets.paicore.chip.facts import AXONS, MOST_EXTENSION, WEIGHT_BITS

# Channels, rows and columns.
Block = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Weights:
    """Weights between a source and the neurons of a layer."""

    source: str
    node: Synapse
    # The source's shape as the weights read it.
    shape: Shape

    def axons(self, channels: int, rows: int, columns: int) -> int:
        """Return how many values a block of neurons of this size reads, away from borders."""
        return _AXONS(self.node, self.shape, (channels, rows, columns))

    def senders(self, block: Block) -> Block:
        """Return the block of the source, as an image, that a block of neurons reads."""
        return _SENDERS(self.node, self.shape, block)


@dataclass(frozen=True)
class Layer:
    """Neurons with the weights that they read."""

    node: Neuron
    # Channels, rows and columns; neurons without an image are channels of one pixel.
    grid: tuple[int, int, int]
    weights: tuple[Weights, ...]

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.node.name

    @property
    def neurons(self) -> int:
        """The number of neurons."""
        return prod(self.grid)

    @cached_property
    def groups(self) -> int:
        """The number of groups of channels that read other values than one another."""
        counts = [getattr(each.node, "groups", 1) for each in self.weights]
        return gcd(*counts) if counts else 1

    @cached_property
    def weight_bits(self) -> int:
        """The width that the widest weight needs, or 0 if none suffices.

        Low bits that are 0 in every weight are not stored: threshold and leak are scaled instead.
        """
        arrays = [each.node.narrow_weight for each in self.weights]
        used = 0
        for array in arrays:
            used |= int(np.bitwise_or.reduce(array, axis=None))
        zeros = max((used & -used).bit_length() - 1, 0)
        low = min((int(array.min()) for array in arrays), default=0) >> zeros
        high = max((int(array.max()) for array in arrays), default=0) >> zeros
        if low >= 0 and high <= 1:
            return WEIGHT_BITS[0]
        fits = (
            bits for bits in WEIGHT_BITS[1:] if -(1 << bits - 1) <= low and high < 1 << bits - 1
        )
        return next(fits, 0)

    def axons(self, rows: int, columns: int) -> int:
        """Return how many values the neurons of a tile of one group read."""
        channels = self.grid[0] // self.groups
        return sum(each.axons(channels, rows, columns) for each in self.weights)

    def tiles(self, rows: int, columns: int) -> Iterator[Block]:
        """Yield the blocks of neurons of each group, of at most so many rows and columns."""
        channels, height, width = self.grid
        each = channels // self.groups
        for group in range(self.groups):
            for top in range(0, height, rows):
                for left in range(0, width, columns):
                    down, right = min(top + rows, height), min(left + columns, width)
                    yield (
                        slice(group * each, (group + 1) * each),
                        slice(top, down),
                        slice(left, right),
                    )


def layers_of(program: Program) -> tuple[list[Layer], list[tuple[str, str]]]:
    """Return the layers, and for each one that cores cannot hold the reason."""
    layers, problems = [], []
    for node in program.layers:
        weights = []
        for edge in node.inputs:
            synapse = program.by_name[edge.source]
            if not isinstance(synapse, Dense | Conv2d):
                problems.append((node.name, "reads values that no weights lead to"))
                continue
            source, shape = synapse.source.source, program.shapes[synapse.source.source]
            while isinstance(flat := program.by_name[source], Flatten):
                source = flat.source.source
            weights.append(Weights(source, synapse, shape))
        shape = program.shapes[node.name]
        grid = shape if len(shape) == 3 else (prod(shape), 1, 1)
        layer = Layer(node, (grid[0], grid[1], grid[2]), tuple(weights))
        layers.append(layer)
        problems += [(node.name, words) for words in _lacking(layer)]
    return layers, problems


def extension(axons: int) -> int:
    """Return n of the 2**n rows that a neuron joins to read so many values."""
    return (max(axons - 1, 0) // AXONS).bit_length()


def _lacking(layer: Layer) -> Iterator[str]:
    if any(each.source == layer.name for each in layer.weights):
        yield "reads its own spikes, and PAIBox's mapper takes no loops"
    if layer.weights and not layer.weight_bits:
        yield "has weights of more than 8 bits, and a core holds up to 8"
    most, least = AXONS << MOST_EXTENSION, layer.axons(1, 1)
    if least > most:
        yield f"reads {least} values, and a core takes {most}"


_AXONS = KindTable[[Shape, tuple[int, int, int]], int]("the axons of PAICORE")
_SENDERS = KindTable[[Shape, Block], Block]("the senders of PAICORE")


@_AXONS.register(Dense)
def _dense_axons(node: Dense, shape: Shape, size: tuple[int, int, int]) -> int:
    return prod(shape)


@_AXONS.register(Conv2d)
def _window_axons(node: Conv2d, shape: Shape, size: tuple[int, int, int]) -> int:
    each = node.narrow_weight.shape[0] // node.groups
    channels: int = node.narrow_weight.shape[1] * max(size[0] // each, 1)
    return channels * prod(
        min((size[1 + axis] - 1) * node.stride[axis] + _reach(node, axis), shape[1 + axis])
        for axis in (0, 1)
    )


@_SENDERS.register(Dense)
def _all(node: Dense, shape: Shape, block: Block) -> Block:
    return (slice(0, prod(shape)), slice(0, 1), slice(0, 1))


@_SENDERS.register(Conv2d)
def _window(node: Conv2d, shape: Shape, block: Block) -> Block:
    outputs, inputs = node.narrow_weight.shape[:2]
    each = outputs // node.groups
    first, last = block[0].start // each, (block[0].stop - 1) // each + 1
    rows, columns = (_touched(node, shape, axis, block[1 + axis]) for axis in (0, 1))
    return (slice(first * inputs, last * inputs), rows, columns)


def _touched(node: Conv2d, shape: Shape, axis: int, part: slice) -> slice:
    low = part.start * node.stride[axis] - node.padding[axis]
    high = (part.stop - 1) * node.stride[axis] - node.padding[axis] + _reach(node, axis)
    low = min(max(low, 0), shape[1 + axis])
    return slice(low, max(min(high, shape[1 + axis]), low))


def _reach(node: Conv2d, axis: int) -> int:
    size: int = node.narrow_weight.shape[2 + axis]
    return (size - 1) * node.dilation[axis] + 1
