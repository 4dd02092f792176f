"""Weights that are packed for the products of this machine."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snncore.kernels.cpp.products.images import empty
from snncore.kernels.cpp.products.library import Layer, library, most_products
from snncore.kernels.cpp.products.windows import Windows

# Below so many products a second thread costs more than it saves.
_WORTH_A_THREAD = 1 << 19
# Up to so many windows, the same one of all images comes first: their padding is skipped.
_FEW_WINDOWS = 64


class WindowProduct:
    """Weights (outputs, positions, channels) of windows: images (T, N, ..., channels) to sums.

    The sums are (T, N, windows..., outputs) of int32.
    """

    def __init__(self, weights: NDArray[Any], windows: Windows, highest: int, *, of_bytes: bool):
        self.kind = torch.uint8 if of_bytes else torch.int16
        self.windows = windows
        self.outputs, self.positions, self.channels = weights.shape
        self._packed = _packed(weights, of_bytes=of_bytes)
        self._nothing = torch.zeros(2 * self.channels + 16, dtype=torch.uint8)
        self._most = most_products(highest) if of_bytes else 1 << 40
        padded = bool((windows.table < 0).any())
        self._across = padded and len(windows.table) <= _FEW_WINDOWS
        # The last source's form, and what C++ takes for it.
        self._last: tuple[Any, Layer] = (None, Layer())

    def __call__(self, source: Tensor, pixel: int | None = None) -> Tensor:
        """Return the sums of a source in the order of memory, `pixel` values apart."""
        result = empty((*source.shape[:2], *self.windows.size, self.outputs), torch.int32)
        key = (source.shape, source.stride(), torch.get_num_threads())
        if self._last[0] != key:
            layer = _layer(source, self.windows, self.channels if pixel is None else pixel)
            layer.channels, layer.outputs = self.channels, self.outputs
            layer.most, layer.across = self._most, self._across
            layer.threads = _threads(result.numel() * self.positions * self.channels)
            self._last = (key, layer)
        library_in_use().product(
            ctypes.addressof(self._last[1]),
            source.data_ptr(),
            self.windows.table.data_ptr(),
            self._packed.data_ptr(),
            self._nothing.data_ptr(),
            result.data_ptr(),
        )
        return result


class ChannelProduct:
    """Weights (positions, channels) of each channel's windows: images to sums of their channels."""

    def __init__(self, weights: NDArray[Any], windows: Windows, *, of_bytes: bool):
        self.kind = torch.uint8 if of_bytes else torch.int16
        self.windows = windows
        self._weights = torch.from_numpy(np.ascontiguousarray(weights, dtype=np.int32))

    def __call__(self, source: Tensor) -> Tensor:
        """Return the sums of a source in the order of memory."""
        channels = source.shape[-1]
        result = empty((*source.shape[:2], *self.windows.size, channels), torch.int32)
        layer = _layer(source, self.windows, channels)
        layer.threads = _threads(result.numel() * len(self._weights) * 4)
        library_in_use().weigh_channels(
            ctypes.addressof(layer),
            source.data_ptr(),
            self.windows.table.data_ptr(),
            self._weights.data_ptr(),
            result.data_ptr(),
        )
        return result


def pooled(source: Tensor, windows: Windows) -> Tensor:
    """Return the largest byte of every window of a source in the order of memory."""
    result = empty((*source.shape[:2], *windows.size, source.shape[-1]), torch.uint8)
    layer = _layer(source, windows, source.shape[-1])
    layer.threads = _threads(result.numel() * windows.table.shape[1])
    library_in_use().pool(
        ctypes.addressof(layer), source.data_ptr(), windows.table.data_ptr(), result.data_ptr()
    )
    return result


def library_in_use() -> Any:
    """Return the compiled library of a product that exists."""
    compiled = library()
    assert compiled is not None
    return compiled


def _layer(source: Tensor, windows: Windows, pixel: int) -> Layer:
    size = source.element_size()
    return Layer(
        windows=len(windows.table),
        positions=windows.table.shape[1],
        channels=source.shape[-1],
        outputs=source.shape[-1],
        images=source.shape[0] * source.shape[1],
        samples=source.shape[1],
        step_bytes=source.stride(0) * size,
        sample_bytes=source.stride(1) * size,
        pixel_bytes=pixel * size,
        are_bytes=source.dtype == torch.uint8,
        threads=1,
    )


def _packed(weights: NDArray[Any], *, of_bytes: bool) -> Tensor:
    outputs, positions, channels = weights.shape
    kind = np.dtype(np.int8 if of_bytes else np.int16)
    typed = weights.astype(kind, copy=False)
    each = 4 // kind.itemsize
    columns = -(-outputs // library_in_use().outputs_of_a_block())
    groups = positions * -(-channels // each)
    size = columns * groups * library_in_use().outputs_of_a_block() * 4
    packed = torch.zeros(size, dtype=torch.uint8)
    pack = library_in_use().pack_bytes if of_bytes else library_in_use().pack_words
    form = (*typed.shape, *(stride // kind.itemsize for stride in typed.strides))
    numbers = (ctypes.c_int64 * 6)(*form)
    pack(typed.ctypes.data, ctypes.addressof(numbers), packed.data_ptr())
    return packed


def _threads(products: int) -> int:
    return torch.get_num_threads() if products >= _WORTH_A_THREAD else 1
