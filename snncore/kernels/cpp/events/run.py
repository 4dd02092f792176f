"""The calls into compiled event-driven sums, for float32 on the CPU."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from snncore.kernels.cpp.build import CompilerError, load
from snncore.kernels.cpp.events.text import SOURCE
from snncore.kernels.cpp.memory import ARENA

Pair = tuple[int, int]
# By function: how many numbers and pointers it takes.
_ARGUMENTS = {"linear": (4, 4), "linear_backward": (4, 3), "conv": (0, 5), "conv_backward": (0, 4)}


@dataclass(frozen=True)
class Geometry:
    """The stride, the padding and the dilation of a convolution of images."""

    stride: Pair
    padding: Pair
    dilation: Pair

    def size(self, image: Pair, kernel: Pair) -> Pair:
        """Return the height and the width of the result."""
        height, width = (
            (length + 2 * pad - step * (window - 1) - 1) // stride + 1
            for length, window, stride, pad, step in zip(
                image, kernel, self.stride, self.padding, self.dilation, strict=True
            )
        )
        return height, width


@lru_cache(1)
def _library() -> Any | None:
    try:
        compiled = load(SOURCE)
    except CompilerError:
        return None
    for name, (numbers, pointers) in _ARGUMENTS.items():
        function = getattr(compiled, name)
        function.restype = None
        function.argtypes = (ctypes.c_int64,) * numbers + (ctypes.c_void_p,) * pointers
    compiled.few.restype = ctypes.c_int64
    compiled.few.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    return compiled


def is_available() -> bool:
    """Return whether this machine can compile the sums."""
    return _library() is not None


def are_few(x: Tensor, most: int) -> bool:
    """Return whether at most so many values of contiguous float32 are not zero."""
    return bool(_compiled().few(x.data_ptr(), x.numel(), most))


def linear_sums(x: Tensor, weights: Tensor, bias: Tensor | None) -> Tensor:
    """Return sums (rows, outputs) of inputs (rows, inputs) with weights (inputs, outputs)."""
    sums = ARENA.empty((len(x), weights.shape[1]), torch.float32)
    sizes = (*x.shape, weights.shape[1], torch.get_num_threads())
    pointers = (x.data_ptr(), weights.data_ptr(), _pointer(bias), sums.data_ptr())
    _compiled().linear(*sizes, *pointers)
    return sums


def linear_gradient(x: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient of weights (inputs, outputs), for that of sums (rows, outputs)."""
    outputs = gradient.shape[1]
    by_weight = ARENA.empty((x.shape[1], outputs), torch.float32)
    sizes = (*x.shape, outputs, torch.get_num_threads())
    _compiled().linear_backward(*sizes, x.data_ptr(), gradient.data_ptr(), by_weight.data_ptr())
    return by_weight


def conv_sums(x: Tensor, weights: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Return sums (images, outputs, H, W), for weights (channels, rows, columns, outputs)."""
    size = geometry.size((x.shape[2], x.shape[3]), (weights.shape[1], weights.shape[2]))
    sums = ARENA.empty((len(x), weights.shape[3], *size), torch.float32)
    numbers = _numbers(x, sums, (weights.shape[1], weights.shape[2]), geometry)
    pointers = (x.data_ptr(), weights.data_ptr(), _pointer(bias), sums.data_ptr())
    _compiled().conv(ctypes.addressof(numbers), *pointers)
    return sums


def conv_gradient(x: Tensor, gradient: Tensor, kernel: Pair, geometry: Geometry) -> Tensor:
    """Return the gradient of weights (channels, rows, columns, outputs)."""
    by_weight = ARENA.empty((x.shape[1], *kernel, gradient.shape[1]), torch.float32)
    numbers = _numbers(x, gradient, kernel, geometry)
    last = gradient.permute(0, 2, 3, 1).contiguous()
    pointers = (x.data_ptr(), last.data_ptr(), by_weight.data_ptr())
    _compiled().conv_backward(ctypes.addressof(numbers), *pointers)
    return by_weight


def _numbers(x: Tensor, sums: Tensor, kernel: Pair, geometry: Geometry) -> Any:
    windows = (*kernel, *geometry.stride, *geometry.padding, *geometry.dilation)
    numbers = (*x.shape, *sums.shape[1:], *windows, torch.get_num_threads())
    return (ctypes.c_int64 * len(numbers))(*numbers)


def _compiled() -> Any:
    library = _library()
    assert library is not None
    return library


def _pointer(values: Tensor | None) -> int | None:
    return None if values is None else values.data_ptr()
