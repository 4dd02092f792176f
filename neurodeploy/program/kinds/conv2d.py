"""Kernels of weights that move over an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.data.narrow import widened
from neurodeploy.data.network.shapes import read_shape, window_shape
from neurodeploy.data.structure import Edge, Pair, Shape, check_pairs, conv_size, require
from neurodeploy.program.integers import Integers
from neurodeploy.program.kinds.node import Reads
from neurodeploy.program.kinds.synapse import Synapse, check_weights
from neurodeploy.program.spelling import array_text, edge_sum
from snncore.dynamics import Equations
from snncore.dynamics.arithmetic.interval import Interval


@dataclass(frozen=True, eq=False)
class Conv2d(Synapse):
    """A two-dimensional correlation in torch's order: (out, in / groups, height, width)."""

    source: Edge
    weight: Integers = widened(np.int64)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    exponent: int = 0
    accumulator_bits: int = 24

    def __post_init__(self) -> None:
        check_weights(self, axes=4)
        check_pairs(self, stride=1, padding=0, dilation=1)
        divides = self.groups >= 1 and self.narrow_weight.shape[0] % self.groups == 0
        require(divides, f"{self.name}.groups: {self.groups} does not divide the channels")

    @property
    def kernel(self) -> Pair:
        """Height and width of the kernel."""
        return (self.narrow_weight.shape[2], self.narrow_weight.shape[3])

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of an image of one value a window and output channel."""
        shape, channels = read_shape(self, inputs), self.narrow_weight.shape[1] * self.groups
        windows = (self.kernel, self.stride, self.padding, self.dilation)
        _, *size = window_shape(self, shape, *windows, channels=channels)
        return (self.narrow_weight.shape[0], *size)

    def value_range(self, reads: Reads) -> Interval:
        """Return the range of the sums, as their register stores them."""
        return self.sum_range(reads.over(self.source)).wrapped(self.accumulator_bits)

    def fan_out(self, shape: Shape) -> Integers:
        """Return how many neurons each value of the source reaches."""
        reached = _by_source_channel(self.narrow_weight != 0, self.groups)
        counts = reached.sum(axis=1, dtype=np.int64)
        (top, left), (down, right), apart = self.padding, self.stride, self.dilation
        result = np.zeros((shape[0], shape[1] + 2 * top, shape[2] + 2 * left), dtype=np.int64)
        rows, columns = self._windows(shape)
        for i, j in np.ndindex(*self.kernel):
            y, x = i * apart[0], j * apart[1]
            seen = result[:, y : y + down * rows : down, x : x + right * columns : right]
            seen[:, :rows, :columns] += counts[:, i, j].reshape(-1)[:, None, None]
        return result[:, top : top + shape[1], left : left + shape[2]]

    def fan_in(self, shape: Shape) -> Integers:
        """Return how many values of the source are in each sum."""
        sources = (self.narrow_weight != 0).sum(axis=1, dtype=np.int64)
        rows, columns = self._windows(shape)
        result = np.zeros((self.narrow_weight.shape[0], rows, columns), dtype=np.int64)
        for i, j in np.ndindex(*self.kernel):
            y = np.arange(rows) * self.stride[0] - self.padding[0] + i * self.dilation[0]
            x = np.arange(columns) * self.stride[1] - self.padding[1] + j * self.dilation[1]
            inside = np.outer((y >= 0) & (y < shape[1]), (x >= 0) & (x < shape[2]))
            result += sources[:, i, j][:, None, None] * inside
        return result

    def _windows(self, shape: Shape) -> Pair:
        size = (shape[1], shape[2])
        return conv_size(size, self.kernel, self.stride, self.padding, self.dilation)

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return `conv2d(source)`, its windows, its weights and their scale."""
        form = f"stride {self.stride} padding {self.padding} dilation {self.dilation}"
        scale = f"2^{self.exponent}, {self.accumulator_bits} bits"
        weight = array_text(self.narrow_weight)
        sources = edge_sum(self.sources)
        return f"conv2d({sources}) {form} groups {self.groups} weight {weight} {scale}"


def _by_source_channel(used: np.ndarray, groups: int) -> np.ndarray:
    """Return a kernel's weights as (source channels, outputs a group, height, width)."""
    outputs, inputs, height, width = used.shape
    grouped = used.reshape(groups, outputs // groups, inputs, height, width)
    return grouped.swapaxes(1, 2).reshape(groups * inputs, outputs // groups, height, width)
