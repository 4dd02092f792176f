"""Weights that are ready for products on a GPU: images of integers to sums in 32 bits.

Values lie in the order of memory, (T, N, H, W, C), or (T, N, C) without pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snncore.kernels.triton.integer import kernels
from snncore.kernels.triton.launch import Launch
from snncore.kernels.triton.shape import TritonConfig

Pair = tuple[int, int]
_BYTE = 1 << 8
# Places a program of a pool or of weights of channels.
_PLACES = 1024


@dataclass(frozen=True)
class Windows:
    """The form of a convolution or pool."""

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    def size(self, image: Pair) -> Pair:
        """Return how many windows an image has along each axis."""
        axes = zip(image, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        high, wide = ((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in axes)
        return high, wide

    @property
    def numbers(self) -> tuple[int, ...]:
        """The kernels' numbers."""
        return (*self.kernel, *self.stride, *self.padding, *self.dilation)


class WindowProduct:
    """Weights (outputs, channels, height, width) of windows, as signed bytes.

    Weights of more than eight bits are several bytes, and so are values of a wide source.
    """

    def __init__(
        self, weights: NDArray[Any], windows: Windows, device: torch.device, *, wide: int = 1
    ) -> None:
        self.windows = windows
        self.outputs, self.channels = weights.shape[:2]
        length = weights[0].size
        self._block = _depth(self.channels, length)
        self._parts = -(-length // self._block)
        self._wide = wide
        rows = weights.transpose(0, 2, 3, 1).reshape(self.outputs, length)
        padded = np.zeros((self.outputs, self._parts * self._block), np.int64)
        padded[:, :length] = rows
        self._bytes = [torch.from_numpy(part).to(device) for part in signed_bytes(padded)]

    def __call__(self, source: Tensor) -> Tensor:
        """Return the sums (T, N, windows..., outputs)."""
        flat = source.ndim == 3
        image = (1, 1) if flat else (source.shape[2], source.shape[3])
        size = self.windows.size(image)
        shape = (*source.shape[:2], *(() if flat else size), self.outputs)
        result = torch.empty(shape, dtype=torch.int32, device=source.device)
        rows = source.shape[0] * source.shape[1] * size[0] * size[1]
        form = (self.channels, self.outputs, *self.windows.numbers)
        numbers = (rows, *image, *size, self._parts, *form)
        for more, part in enumerate(_parted(source, self._wide)):
            for level, weights in enumerate(self._bytes):
                launch = _window_launch(numbers, 8 * (more + level), self._block)
                launch([part, weights, result])
        return result


class ChannelProduct:
    """Weights (channels, height, width) of each channel's windows."""

    def __init__(self, weights: NDArray[Any], windows: Windows, device: torch.device) -> None:
        self.windows = windows
        ordered = weights.reshape(len(weights), -1).T.astype(np.int32)
        self._weights = torch.from_numpy(np.ascontiguousarray(ordered)).to(device)

    def __call__(self, source: Tensor) -> Tensor:
        """Return the sums of a source of any integers."""
        return _by_channel(source, self._weights, self.windows, torch.int32, largest=False)


def pooled(source: Tensor, windows: Windows) -> Tensor:
    """Return the largest value of every window, in the source's type."""
    return _by_channel(source, source, windows, source.dtype, largest=True)


def signed_bytes(values: NDArray[np.int64]) -> list[NDArray[np.int8]]:
    """Return values as signed bytes, the lowest first: their sum, each shifted by eight bits more.

    Only as many bytes are returned as some value needs.
    """
    parts = []
    while True:
        low = (values + _BYTE // 2) % _BYTE - _BYTE // 2
        parts.append(low.astype(np.int8))
        values = (values - low) // _BYTE
        if not values.any():
            return parts


def _parted(source: Tensor, wide: int) -> list[Tensor]:
    """Return a source as signed bytes; a source that is one has their bits already."""
    if wide == 1:
        return [source.view(torch.int8) if source.dtype == torch.uint8 else source.to(torch.int8)]
    parts, rest = [], source.to(torch.int32)
    for _ in range(wide):
        low = ((rest + _BYTE // 2) & (_BYTE - 1)) - _BYTE // 2
        parts.append(low.to(torch.int8))
        rest = (rest - low) >> 8
    return parts


def _by_channel(
    source: Tensor, weights: Tensor, windows: Windows, kind: torch.dtype, *, largest: bool
) -> Tensor:
    flat = source.ndim == 3
    channels = source.shape[-1]
    image = (1, 1) if flat else (source.shape[2], source.shape[3])
    size = windows.size(image)
    shape = (*source.shape[:2], *(() if flat else size), channels)
    result = torch.empty(shape, dtype=kind, device=source.device)
    numbers = (result.numel(), *image, *size, channels, *windows.numbers)
    _channel_launch(numbers, largest)([source, weights, result])
    return result


def _depth(channels: int, length: int) -> int:
    """Return how many products a program adds at once: whole pieces of a pixel where possible."""
    for block in (128, 64, 32):
        if channels % block == 0:
            return block
    return 64 if length > 32 else 32


@lru_cache(maxsize=4096)
def _window_launch(numbers: tuple[int, ...], shift: int, block: int) -> Launch:
    rows, channels, outputs = numbers[0], numbers[6], numbers[7]
    high, wide = 128, 128 if outputs > 64 else 64 if outputs > 32 else 32
    if rows <= 64 or channels % block:
        # Places of single bytes take many registers.
        high, wide = 64, min(wide, 64)
    programs = -(-rows // high) * -(-outputs // wide)
    config = TritonConfig(block, 8 if high * wide >= 128 * 128 else 4, 1)
    more = (*numbers, shift, high, wide)
    return Launch(kernels.window_sums, programs, more, int(shift == 0), config, stages=3)


@lru_cache(maxsize=4096)
def _channel_launch(numbers: tuple[int, ...], largest: bool) -> Launch:
    programs = -(-numbers[0] // _PLACES)
    return Launch(
        kernels.channel_sums, programs, numbers, int(largest), TritonConfig(_PLACES, 4, 1)
    )
