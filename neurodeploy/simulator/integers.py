"""Layers of weights in integers: the processor's products of bytes and words, where exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Pair
from neurodeploy.program import Conv2d, Dense, Program, Synapse
from neurodeploy.simulator.engine.on_spikes import BySpikes, takes_spikes
from neurodeploy.simulator.weights import channel_weights, channels_of, largest_row, most_reached
from snncore.dynamics.arithmetic.interval import Interval
from snncore.kernels.cpp.products import (
    FEWEST,
    HIGHEST_WORD,
    ChannelProduct,
    WindowProduct,
    Windows,
    by_channel,
    empty,
    most_products,
    pooled,
    readable,
    whole,
    windows,
)

# From the values that a layer of weights reads to its sums, both (T, N, ...).
Sums = Callable[[Tensor], Tensor]
# A row of a kernel is read at once where its channels are so few bytes.
_FEW_BYTES = 32


@dataclass(frozen=True)
class _Sources:
    """The type in which a product reads its source."""

    of_bytes: bool
    highest: int

    @property
    def size(self) -> int:
        """The bytes of a value."""
        return 1 if self.of_bytes else 2


def integer_sums(node: Synapse, program: Program, source: Interval) -> Sums | None:
    """Return a layer's sums in 32 bits, or None if no product of the processor is exact.

    `source` is the range of what the layer reads.
    """
    return _SUMS.of(node)(node, program, source)


def pooled_bytes(values: Tensor, kernel: Pair, stride: Pair, padding: Pair) -> Tensor:
    """Return the largest value of every window of bytes (T, N, C, H, W)."""
    seen = windows((values.shape[3], values.shape[4]), kernel, stride, padding)
    return by_channel(pooled(readable(values, torch.uint8), seen))


_SUMS = KindTable[[Program, Interval], Sums | None]("the fast engine's integers")


@_SUMS.register(Dense)
def _dense(node: Dense, program: Program, source: Interval) -> Sums | None:
    if len(node.sources) > 1:
        return None
    weight = channel_weights(node, node.narrow_weight, program)
    pixels = node.narrow_weight.shape[1] // weight.shape[1]
    sources = _sources(node, Interval(source.low * pixels, source.high * pixels))
    if sources is None:
        return None
    product = WindowProduct(weight[:, None], whole(), sources.highest, of_bytes=sources.of_bytes)
    shift = node.shift

    def dense(values: Tensor) -> Tensor:
        return product(readable(channels_of(values, weight.shape[1]), product.kind))

    few = pixels == 1 and takes_spikes(weight, source)
    run = BySpikes(dense, weight[:, :, None, None]) if few else dense

    def sums(values: Tensor) -> Tensor:
        total = run(values)
        return total >> shift if shift else total

    return sums


@_SUMS.register(Conv2d)
def _conv2d(node: Conv2d, program: Program, source: Interval) -> Sums | None:
    sources = _sources(node, source)
    channels, height, width = program.shapes[node.source.source]
    weight = node.narrow_weight
    if sources is None or node.groups not in (1, channels):
        return None
    form = (node.stride, node.padding, node.dilation)
    if node.groups > 1:
        if weight.shape[0] != channels:
            return None
        seen = windows((height, width), node.kernel, *form)
        each = ChannelProduct(_by_position(weight)[:, :, 0].T, seen, of_bytes=sources.of_bytes)
        return lambda values: by_channel(each(readable(values, each.kind)))
    few = channels * sources.size < _FEW_BYTES and node.kernel[1] > 1 and node.dilation[1] == 1
    if few:
        return _RowsOfKernels(node, (channels, height, width), sources)
    seen = windows((height, width), node.kernel, *form)
    product = WindowProduct(_by_position(weight), seen, sources.highest, of_bytes=sources.of_bytes)

    def sums(values: Tensor) -> Tensor:
        return by_channel(product(readable(values, product.kind)))

    return BySpikes(sums, weight, *form) if takes_spikes(weight, source) else sums


class _RowsOfKernels:
    """A convolution of few channels: a padded image, in which a kernel's row lies in one piece."""

    def __init__(self, node: Conv2d, shape: tuple[int, int, int], sources: _Sources) -> None:
        (top, left), (rows, columns) = node.padding, node.kernel
        self.channels, height, width = shape
        self.padding = node.padding
        self.size = (height + 2 * top, width + 2 * left)
        # The first position of each row stands for all of it.
        firsts = windows(self.size, node.kernel, node.stride, (0, 0), node.dilation)
        seen = Windows(firsts.table[:, ::columns].contiguous(), firsts.size)
        weight = _by_position(node.narrow_weight).reshape(-1, rows, columns * self.channels)
        self.product = WindowProduct(weight, seen, sources.highest, of_bytes=sources.of_bytes)

    def __call__(self, values: Tensor) -> Tensor:
        """Return the sums of images (T, N, C, H, W)."""
        (top, left), (height, width) = self.padding, values.shape[3:]
        shape = (*values.shape[:2], *self.size, self.channels)
        padded = empty(shape, self.product.kind).zero_()
        inside = padded[:, :, top : top + height, left : left + width]
        inside.copy_(values.permute(0, 1, 3, 4, 2))
        return by_channel(self.product(padded, self.channels))


def _by_position(weight: NDArray[Any]) -> NDArray[Any]:
    """Return a kernel's weights as (outputs, positions, channels)."""
    outputs, channels = weight.shape[:2]
    return weight.reshape(outputs, channels, -1).transpose(0, 2, 1)


def _sources(node: Synapse, source: Interval) -> _Sources | None:
    """Return the type in which a layer's products are exact, if there is one."""
    weight, largest = node.narrow_weight, source.largest()
    if weight.size == 0 or weight.dtype not in (np.int8, np.int16):
        return None
    limit = (1 << 31) // max(largest, 1)
    if largest > HIGHEST_WORD or (weight.dtype == np.int16 and weight.min() < -HIGHEST_WORD):
        return None
    if most_reached(weight) >= limit and largest_row(weight) >= limit:
        return None
    of_bytes = weight.dtype == np.int8 and source.low >= 0
    return _Sources(of_bytes and most_products(largest) >= FEWEST, largest)
