"""Synapses of convolutions some of whose weights are zero, which no core stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from neurodeploy.program import Conv2d, Integers

# Lines of neurons with their columns, for a range of neurons.
Pieces = Callable[[Integers, int, int, int], list[tuple[Integers, Integers]]]


@dataclass(frozen=True)
class SparseKernel:
    """A convolution from an image to neurons of these shapes."""

    node: Conv2d
    shape: Shape
    target: Shape

    @cached_property
    def _before(self) -> NDArray[np.int32]:
        """How many of the output channels before each one have a weight at a tap."""
        used = self.node.narrow_weight != 0
        sums = np.zeros((len(used) + 1, *used.shape[1:]), dtype=np.int32)
        np.cumsum(used, axis=0, out=sums[1:])
        return sums

    def events(self, first: int, last: int, window: slice, pieces: Pieces) -> tuple[int, Integers]:
        """Return how many synapses each value of some rows of the image has to some neurons.

        The counts are those of the groups of channels from the returned one on.
        """
        node = self.node
        each, plane = node.narrow_weight.shape[0] // node.groups, self.target[1] * self.target[2]
        lowest, highest = first // plane // each, (last - 1) // plane // each
        shape = (node.narrow_weight.shape[1], window.stop - window.start, self.shape[2])
        total = np.zeros((highest - lowest + 1, *shape), np.int64)
        for start, stop, rows, columns in self._rectangles(first, last, pieces):
            groups = np.arange(start // each, (stop - 1) // each + 1)
            low, high = np.maximum(start, groups * each), np.minimum(stop, (groups + 1) * each)
            taps = (self._before[high] - self._before[low]).astype(np.float64)
            seen_rows = self._seen(rows, 0)[:, window]
            seen = np.swapaxes(taps @ self._seen(columns, 1), 2, 3) @ seen_rows
            total[groups - lowest] += np.swapaxes(seen, 2, 3).astype(np.int64)
        return lowest, total

    def _rectangles(
        self, first: int, last: int, pieces: Pieces
    ) -> Iterator[tuple[int, int, Integers, Integers]]:
        """Yield channels from one up to another, with the rows and columns of their neurons."""
        _, height, width = self.target
        plane = height * width
        whole = (-(-first // plane), last // plane)
        if whole[0] < whole[1]:
            yield *whole, np.arange(height), np.arange(width)
        for channel in dict.fromkeys((first // plane, (last - 1) // plane)):
            if whole[0] <= channel < whole[1]:
                continue
            low, high = max(first, channel * plane), min(last, (channel + 1) * plane)
            lines = np.arange(low // width, (high - 1) // width + 1)
            for part, columns in pieces(lines, low, high, width):
                yield channel, channel + 1, part % height, columns

    def _seen(self, neurons: Integers, axis: int) -> NDArray[np.float64]:
        """Return for each tap how often it lies on each row (or column), for rows of neurons."""
        before = self._seen_before[axis]
        seen: NDArray[np.float64] = before[neurons[-1] + 1] - before[neurons[0]]
        return seen

    @cached_property
    def _seen_before(self) -> tuple[NDArray[np.float64], ...]:
        """The same for the rows (or columns) of neurons before each one, from its first tap on."""
        node, tables = self.node, []
        for axis in (0, 1):
            size, taps = self.shape[1 + axis], np.arange(node.narrow_weight.shape[2 + axis])
            neurons = np.arange(self.target[1 + axis])
            at = neurons[:, None] * node.stride[axis] + taps * node.dilation[axis]
            hits = at[:, :, None] - node.padding[axis] == np.arange(size)
            table = np.zeros((len(neurons) + 1, len(taps), size))
            np.cumsum(hits, axis=0, out=table[1:])
            tables.append(table)
        return tuple(tables)
