"""Weights that read moved spikes, or whose sums are moved, as weights from layers as they are.

1. A moved value is a number that tells its origin: a spike of a layer, a sum of weights, or a zero.
2. Weights that read moved spikes get a column for each spike; one that is read twice adds up.
3. Their rows follow the moved sums; a zero has no weights.
4. Where whole channels of images are moved, a convolution stays one; all else is unrolled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Edge, Shape
from neurodeploy.lowering.chain.taps import unrolled
from neurodeploy.program import Conv2d, Dense

Numbers = NDArray[np.int64]
Weights = NDArray[Any]
# The largest matrix, in weights, that is worth unrolling.
MOST_UNROLLED = 1 << 27


@dataclass
class Origins:
    """The number of every value of every origin; 0 is a zero."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    count: int = 1

    def numbers(self, name: str, shape: Shape) -> Numbers:
        """Return the numbers of an origin's values."""
        if name not in self.first:
            self.first[name], self.shapes[name] = self.count, shape
            self.count += prod(shape)
        return self.first[name] + np.arange(prod(shape)).reshape(shape)

    def of(self, numbers: Numbers) -> Iterator[tuple[str, Numbers, Numbers]]:
        """Yield each origin of some values: where these stand, and which of the origin's."""
        flat = numbers.reshape(-1)
        for name, first in list(self.first.items()):
            (positions,) = np.nonzero((flat >= first) & (flat < first + prod(self.shapes[name])))
            if positions.size:
                yield name, positions, flat[positions] - first

    def channels(self, numbers: Numbers) -> list[tuple[str, int]] | None:
        """Return the origin's channel that each channel of an image is; None if one is not."""
        if numbers.ndim != 3:
            return None
        size, channels = numbers[0].size, []
        for image in numbers.reshape(len(numbers), -1):
            if (image != image[0] + np.arange(size)).any():
                return None
            ((name, _, indices),) = self.of(image[:1]) if image[0] else [("", image, image)]
            whole = bool(name) and self.shapes[name][1:] == numbers.shape[1:]
            if not whole or indices[0] % size:
                return None
            channels.append((name, int(indices[0]) // size))
        return channels


def kernels(node: Conv2d, channels: list[tuple[str, int]], origins: Origins) -> list[Conv2d]:
    """Return a convolution for each origin of the channels that a convolution reads."""
    outputs, inputs, *window = node.narrow_weight.shape
    per_group, results = outputs // node.groups, dict[str, Weights]()
    for channel, (name, own) in enumerate(channels):
        shape = (outputs, origins.shapes[name][0], *window)
        weight = results.setdefault(name, np.zeros(shape, np.int32))
        group = channel // inputs
        rows = slice(group * per_group, (group + 1) * per_group)
        weight[rows, own] += node.narrow_weight[rows, channel % inputs]
    return [
        replace(node, source=Edge(name), weight=weight, groups=1)
        for name, weight in results.items()
    ]


@dataclass(frozen=True)
class Matrix:
    """Weights (outputs, inputs) in C order, and the steps that each waits."""

    weight: Weights
    delays: Weights

    def rows(self, positions: Numbers, own: Numbers, count: int) -> Matrix:
        """Return the rows of moved sums: at these positions those of these numbers, else none."""
        weight, delays = (np.zeros((count, self.weight.shape[1]), np.int32) for _ in range(2))
        weight[positions], delays[positions] = self.weight[own], self.delays[own]
        return Matrix(weight, delays)

    def columns(self, positions: Numbers, own: Numbers, count: int) -> Matrix | None:
        """Return the columns of an origin's spikes; None if one would wait in two ways."""
        weight, delays = (np.zeros((count, len(self.weight)), np.int32) for _ in range(2))
        np.add.at(weight, own, self.weight[:, positions].T)
        delays[own] = self.delays[:, positions].T
        if (delays[own] != self.delays[:, positions].T).any():
            return None
        return Matrix(np.ascontiguousarray(weight.T), np.ascontiguousarray(delays.T))

    def dense(self, node: Dense | Conv2d, source: str, bits: int) -> Dense:
        """Return dense weights under a node's name."""
        late = self.delays if self.delays.any() else None
        return Dense(node.name, Edge(source), self.weight, node.exponent, 0, bits, late)


def matrix_of(node: Dense | Conv2d, source: Shape, target: Shape) -> Matrix:
    """Return weights between values of these shapes."""
    weight = unrolled(node, source, target)
    delays = np.full(weight.shape, node.source.delay, np.int32)
    if isinstance(node, Dense) and node.delays is not None:
        delays += node.delays.astype(np.int32)
    return Matrix(weight, delays)
