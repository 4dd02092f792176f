"""Convolutions by the offset of each tap, so that unlike kernels add up; and as dense weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Pair, Shape
from neurodeploy.program import Conv2d, Dense

Weights = NDArray[np.int32]


@dataclass(frozen=True)
class Taps:
    """Weights (out, in) for each offset from a place of the output, times stride, to the input."""

    by_offset: dict[Pair, Weights]
    stride: Pair

    def plus(self, other: Taps) -> Taps:
        """Return the sum of two kernels of one stride."""
        total = dict(self.by_offset)
        for offset, weight in other.by_offset.items():
            total[offset] = total[offset] + weight if offset in total else weight
        return Taps(total, self.stride)

    def span(self) -> tuple[int, int]:
        """Return the smallest and the largest weight."""
        values = self.by_offset.values()
        return min(int(w.min()) for w in values), max(int(w.max()) for w in values)

    def used(self, axis: int) -> set[int]:
        """Return the offsets along an axis that some weight other than zero has."""
        return {at[axis] for at, weight in self.by_offset.items() if weight.any()}


def taps_of(node: Conv2d) -> Taps:
    """Return a convolution's weights by offset, without groups."""
    weight = node.narrow_weight.astype(np.int32)
    outputs, each, height, width = weight.shape
    per_group = outputs // node.groups
    taps = {}
    for y, x in np.ndindex(height, width):
        full = np.zeros((outputs, each * node.groups), dtype=np.int32)
        for group in range(node.groups):
            rows = slice(group * per_group, (group + 1) * per_group)
            full[rows, group * each : (group + 1) * each] = weight[rows, :, y, x]
        at = (y * node.dilation[0] - node.padding[0], x * node.dilation[1] - node.padding[1])
        taps[at] = full
    return Taps(taps, node.stride)


def one_to_one(channels: int, weight: int) -> Taps:
    """Return the kernel that sends every value on, times a weight."""
    return Taps({(0, 0): np.eye(channels, dtype=np.int32) * weight}, (1, 1))


def unrolled(node: Dense | Conv2d, source: Shape, target: Shape) -> Weights:
    """Return weights (outputs, inputs) between two layers of these shapes, in C order."""
    if isinstance(node, Dense):
        return node.narrow_weight.astype(np.int32)
    result = np.zeros((*target, *source), dtype=np.int32)
    taps = taps_of(node)
    for (dy, dx), weight in taps.by_offset.items():
        for y, row in _inside(target[1], taps.stride[0], dy, source[1]):
            for x, column in _inside(target[2], taps.stride[1], dx, source[2]):
                result[:, y, x, :, row, column] += weight
    return result.reshape(prod(target), prod(source))


def _inside(size: int, stride: int, offset: int, limit: int) -> Iterator[Pair]:
    """Yield the places of an output whose tap is within the input, with that place of the input."""
    for output in range(size):
        if 0 <= output * stride + offset < limit:
            yield output, output * stride + offset
