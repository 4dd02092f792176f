"""Synapses between a source and a range of neurons: how many leave each value of the source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Shape
from neurodeploy.program import Conv2d, Dense, Integers, Synapse
from targets.loihi.chip.encoding import axon_bits, index_bits, weight_bits
from targets.loihi.chip.events import Events
from targets.loihi.chip.sparse_kernels import SparseKernel


@dataclass(frozen=True)
class Connections:
    """One layer of synapses between a source and neurons of these shapes."""

    source: str
    node: Synapse
    shape: Shape
    target: Shape
    delay: int
    shares_kernels: bool
    packing_known: bool

    @cached_property
    def each(self) -> int:
        """The bits of a weight together with its delay."""
        return weight_bits(self.node.narrow_weight) + self.delay.bit_length()

    @cached_property
    def used(self) -> NDArray[np.uint8]:
        """Return 1 where there is a connection, in a byte each."""
        used: NDArray[np.uint8] = np.not_equal(self.node.narrow_weight, 0).astype(np.uint8)
        return used

    @cached_property
    def _kernel_sizes(self) -> Integers:
        """The number of weights other than zero of each output channel."""
        sizes: Integers = self.used.reshape(len(self.used), -1).sum(axis=1, dtype=np.int64)
        return sizes

    @cached_property
    def sparse(self) -> SparseKernel | None:
        """The convolution, if some of its weights are zero."""
        if not isinstance(self.node, Conv2d) or self.used.all():
            return None
        return SparseKernel(self.node, self.shape, self.target)

    @property
    def encoding(self) -> str:
        """The encoding in words."""
        delay = f" and {self.delay.bit_length()} of delay" if self.delay else ""
        kind = "kernel" if self._is_kernel else "synapses"
        return f"{kind} of {weight_bits(self.node.narrow_weight)} bits{delay}"

    @property
    def _is_kernel(self) -> bool:
        return self.shares_kernels and isinstance(self.node, Conv2d)

    def fan_in(self) -> Integers:
        """Return how many synapses lead to each neuron, in C order."""
        return self.node.fan_in(self.shape).reshape(-1)

    def least_bits(self) -> Integers:
        """Return the minimum bits of each neuron's own weights, whatever their encoding."""
        return np.zeros_like(self.fan_in()) if self._is_kernel else self.fan_in() * self.each

    def events(self, first: int, last: int) -> Events:
        """Return how many synapses each value of the source has to a range of neurons."""
        return _EVENTS(self.node, self, first, last)

    def needs(self, first: int, last: int, events: Events) -> tuple[int, int]:
        """Return the axons in, and the bits of memory, of a range of neurons."""
        axons, counts = events.axons, events.counts
        if self._is_kernel:
            plane = prod(self.target[1:])
            channels = self._kernel_sizes[first // plane : (last - 1) // plane + 1]
            return axons, self._bits(np.array([channels.sum()]), 0)
        if not self.packing_known:
            return axons, self._bits(counts, 0) * events.alike
        listed = self._bits(counts[counts > 0], index_bits(last - first)) * events.alike
        if isinstance(self.node, Conv2d):
            return axons, listed
        # Without an index, every neuron of the range has an entry, even if its weight is zero.
        rows = np.full(axons, last - first)
        return axons, min(listed, self._bits(rows, 0))

    def _bits(self, synapses: Integers, index: int) -> int:
        each = self.each + index
        return axon_bits(synapses, each) if self.packing_known else int(synapses.sum()) * each

    def window(self, first: int, last: int) -> Events:
        """Return how often some neurons see each pixel of the images of their groups."""
        assert isinstance(self.node, Conv2d)
        _, height, width = self.target
        each = self.node.narrow_weight.shape[0] // self.node.groups
        lines = np.arange(first // width, (last - 1) // width + 1)
        group = lines // height // each
        rows = self.rows(lines % height)
        total = np.zeros(
            (int(group[-1] - group[0]) + 1, 1, rows.stop - rows.start, self.shape[2]), np.int64
        )
        for index, counts in enumerate(total[:, 0]):
            mine = lines[group == group[0] + index]
            for part, columns in _pieces(mine, first, last, width):
                seen = self._seen(part % height, 0)[rows]
                counts += np.outer(seen, self._seen(columns, 1))
        return self.in_groups(int(group[0]), rows, total)

    def in_groups(self, first: int, rows: slice, counts: Integers) -> Events:
        """Return counts of these rows, for as many groups from the first one on."""
        assert isinstance(self.node, Conv2d)
        channels = self.node.narrow_weight.shape[1]
        block = (
            slice(first, first + len(counts)),
            slice(0, channels),
            rows,
            slice(0, self.shape[2]),
        )
        return Events((self.node.groups, channels, *self.shape[1:]), block, counts)

    def rows(self, lines: Integers) -> slice:
        """Return the rows of the image that the windows of these rows of neurons touch."""
        assert isinstance(self.node, Conv2d)
        node = self.node
        reach = (node.narrow_weight.shape[2] - 1) * node.dilation[0]
        low = int(lines.min()) * node.stride[0] - node.padding[0]
        high = int(lines.max()) * node.stride[0] - node.padding[0] + reach + 1
        low = min(max(low, 0), self.shape[1])
        return slice(low, max(min(high, self.shape[1]), low))

    def _seen(self, places: Integers, axis: int) -> Integers:
        """Return how often each row (or column) is within the windows of these rows of neurons."""
        assert isinstance(self.node, Conv2d)
        node, size = self.node, self.shape[1 + axis]
        offsets = (
            np.arange(node.narrow_weight.shape[2 + axis]) * node.dilation[axis] - node.padding[axis]
        )
        at = (places[:, None] * node.stride[axis] + offsets).reshape(-1)
        return np.bincount(at[(at >= 0) & (at < size)], minlength=size).astype(np.int64)


_EVENTS = KindTable[[Connections, int, int], Events]("the placement on a Loihi chip")


@_EVENTS.register(Dense)
def _dense_events(node: Dense, synapses: Connections, first: int, last: int) -> Events:
    used: Integers = synapses.used[first:last].sum(axis=0, dtype=np.int32)
    return Events(used.shape, (slice(0, len(used)),), used)


@_EVENTS.register(Conv2d)
def _kernel_events(node: Conv2d, synapses: Connections, first: int, last: int) -> Events:
    if synapses.sparse is None:
        return synapses.window(first, last)
    _, height, width = synapses.target
    rows = synapses.rows(np.arange(first // width, (last - 1) // width + 1) % height)
    group, counts = synapses.sparse.events(first, last, rows, _pieces)
    return synapses.in_groups(group, rows, counts)


def _pieces(lines: Integers, first: int, last: int, width: int) -> list[tuple[Integers, Integers]]:
    """Return lines of neurons with their columns in the range: whole ones, and cut ends."""
    all_columns = np.arange(width)
    starts, ends = np.maximum(lines * width, first), np.minimum((lines + 1) * width, last)
    complete = (starts == lines * width) & (ends == (lines + 1) * width)
    pieces = [(lines[complete], all_columns)] if complete.any() else []
    for line, start, end in zip(lines, starts, ends, strict=True):
        if end - start < width:
            columns = np.arange(start - line * width, end - line * width)
            pieces.append((np.array([line]), columns))
    return pieces
