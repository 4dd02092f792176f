"""Integer sums of few spikes on the processor: a spike adds its weights, all else costs nothing.

The rate below which that is faster than products is measured once a machine and shape, and kept.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snncore.kernels.cpp.build import CompilerError, is_built, load
from snncore.kernels.cpp.events import Choice, chosen
from snncore.kernels.cpp.products.events_text import SOURCE
from snncore.kernels.cpp.products.images import empty

Pair = tuple[int, int]
Product = Callable[[Tensor], Tensor]
# More images, or more products, take longer in proportion.
_MOST_IMAGES, _MOST_PRODUCTS = 64, 1 << 28


class SpikeSums:
    """Weights (outputs, channels, height, width) of bytes or words, for spikes.

    Spikes are bytes in the order of memory, (T, N, H, W, channels), or (T, N, channels).
    """

    def __init__(self, weights: NDArray[Any], *windows: Pair) -> None:
        self._outputs, self._channels, *kernel = weights.shape
        self._kernel = tuple(kernel)
        self._windows = windows or ((1, 1), (0, 0), (1, 1))
        self._weights: NDArray[Any] | Tensor = weights

    def __call__(self, spikes: Tensor) -> Tensor:
        """Return the sums in 32 bits."""
        flat = spikes.ndim == 3
        image = (1, 1) if flat else (spikes.shape[2], spikes.shape[3])
        size = tuple(
            (length + 2 * pad - step * (window - 1) - 1) // stride + 1
            for length, window, stride, pad, step in zip(
                image, self._kernel, *self._windows, strict=True
            )
        )
        shape = (*spikes.shape[:2], *(() if flat else size), self._outputs)
        sums = empty(shape, torch.int32)
        more = [number for pair in self._windows for number in pair]
        sizes = (spikes.shape[0] * spikes.shape[1], *image, self._channels, self._outputs)
        numbers = (*sizes, *size, *self._kernel, *more, torch.get_num_threads())
        form = (ctypes.c_int64 * len(numbers))(*numbers)
        rows = self._rows()
        add = _compiled().add_bytes if rows.dtype == torch.int8 else _compiled().add_words
        add(ctypes.addressof(form), spikes.data_ptr(), rows.data_ptr(), sums.data_ptr())
        return sums

    def _rows(self) -> Tensor:
        """Return the weights by position, channel and output; they are arranged when first used."""
        if not isinstance(self._weights, Tensor):
            ordered = np.ascontiguousarray(self._weights.transpose(2, 3, 1, 0))
            self._weights = torch.from_numpy(ordered)
        return self._weights

    def limit(self, product: Product, shape: tuple[int, ...]) -> float:
        """Return the rate below which sums of spikes (T, N, ...) are faster than a product."""
        area = shape[2] * shape[3] if len(shape) > 3 else 1
        each = area * prod(self._kernel) * self._channels * self._outputs
        most = min(_MOST_IMAGES, max(1, _MOST_PRODUCTS // each))
        many = 1 << min((shape[0] * shape[1] - 1).bit_length(), most.bit_length() - 1)
        sizes = (many, *shape[2:], self._outputs, *self._kernel, *sum(self._windows, ()))
        choice = Choice(SOURCE, sizes, torch.get_num_threads())
        return chosen(choice, (1, many, *shape[2:]), product, self, torch.uint8)


def are_few(spikes: Tensor, most: int) -> bool:
    """Return whether at most so many bytes of contiguous spikes are not zero."""
    return bool(_compiled().few(spikes.data_ptr(), spikes.numel(), most))


def spikes_are_summed(*, build: bool = True) -> bool:
    """Return whether this machine can compile the sums; without `build`, whether it did."""
    return (build or is_built(SOURCE)) and _library() is not None


@lru_cache(1)
def _library() -> Any | None:
    try:
        compiled = load(SOURCE)
    except CompilerError:
        return None
    for name in ("add_bytes", "add_words"):
        function = getattr(compiled, name)
        function.restype, function.argtypes = None, (ctypes.c_void_p,) * 4
    compiled.few.restype = ctypes.c_int64
    compiled.few.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    return compiled


def _compiled() -> Any:
    library = _library()
    assert library is not None
    return library
