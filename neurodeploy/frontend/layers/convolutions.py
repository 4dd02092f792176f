"""Convolutions of any dimension as nodes: of images, between two shapes where they are of others.

1. A line (C, L) is an image of one row.
2. A volume (C, D, H, W) is an image of C * D channels: a kernel becomes one for each pair of an
   output's and an input's depth, zero where it does not reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph as g
from neurodeploy.data.narrow import Multiples
from neurodeploy.data.structure import Edge, Pair, Shape, require
from neurodeploy.graph import Node

_MOST_WEIGHTS = 1 << 30


def convolution(
    name: str,
    source: Edge,
    shape: Shape,
    weight: Any,
    geometry: Any,
    *,
    bias: Any = None,
    exponent: int | None = None,
    bits: int | None = None,
) -> list[Node]:
    """Return the nodes of a convolution, whose geometry has stride, padding, dilation and groups.

    Raises:
        ValidationError: if its input has other axes, or it has too many weights; names it.
    """
    axes = len(weight.shape) - 2
    if axes == 2:
        windows = (geometry.stride, geometry.padding, geometry.dilation, geometry.groups)
        return [g.Conv2d(name, source, weight, bias, *windows, exponent, bits)]
    wanted = "(C, L)" if axes == 1 else "(C, D, H, W)"
    require(len(shape) == axes + 1, f"{name}: takes {wanted} and is given {shape}")
    image = _line(weight, geometry, shape) if axes == 1 else _volume(name, weight, geometry, shape)
    bias = None if bias is None else np.repeat(bias, image.depths or 1)
    before = g.Reshape(f"{name}.image", source, image.shape)
    windows = (*image.windows, geometry.groups)
    kernel = g.Conv2d(name, Edge(before.name), image.weight, bias, *windows, exponent, bits)
    channels, *size = kernel.output_shape([image.shape])
    depths = image.depths
    back = (channels, size[1]) if depths is None else (channels // depths, depths, *size)
    return [before, kernel, g.Reshape(f"{name}.shape", Edge(name), back)]


@dataclass(frozen=True)
class _Image:
    """A convolution as one of images: weights, windows, and the shape that they read."""

    weight: Any
    # Stride, padding and dilation.
    windows: tuple[Pair, Pair, Pair]
    shape: Shape
    # Of a volume, how many depths the result has.
    depths: int | None = None


def _line(weight: Any, geometry: Any, shape: Shape) -> _Image:
    rows = _changed(weight, lambda numbers: numbers[:, :, None])
    ((stride,), (padding,), (dilation,)) = geometry.stride, geometry.padding, geometry.dilation
    windows = (1, stride), (0, padding), (1, dilation)
    return _Image(rows, windows, (shape[0], 1, shape[1]))


def _volume(name: str, weight: Any, geometry: Any, shape: Shape) -> _Image:
    steps, *stride = geometry.stride
    around, *padding = geometry.padding
    apart, *dilation = geometry.dilation
    kernel, size = weight.shape[2], shape[1]
    count = (size + 2 * around - apart * (kernel - 1) - 1) // steps + 1
    require(count > 0, f"{name}: a kernel of depth {kernel} is larger than its input's {size}")
    numbers = weight.size // kernel * count * size
    words = f"{name}: as an image it has {numbers:,} weights"
    require(numbers <= _MOST_WEIGHTS, words, remedy="use fewer channels or a smaller depth")
    form = (count, size, steps, around, apart)
    image = _changed(weight, lambda numbers: _unrolled(numbers, *form))
    pairs = [(sizes[0], sizes[1]) for sizes in (stride, padding, dilation)]
    windows = (pairs[0], pairs[1], pairs[2])
    return _Image(image, windows, (shape[0] * size, *shape[2:]), count)


def _changed(weight: Any, change: Any) -> Any:
    """Return weights of another shape, integers as integers."""
    if isinstance(weight, Multiples):
        return Multiples(change(weight.integers), weight.exponent)
    return change(np.asarray(weight))


def _unrolled(
    weight: NDArray[Any], count: int, size: int, stride: int, padding: int, dilation: int
) -> NDArray[Any]:
    """Return kernels (out * depths, in * depths, height, width) for kernels of volumes."""
    outputs, inputs, kernel, *window = weight.shape
    result = np.zeros((outputs, count, inputs, size, *window), weight.dtype)
    for index in range(count):
        for i in range(kernel):
            depth = index * stride - padding + i * dilation
            if 0 <= depth < size:
                result[:, index, :, depth] = weight[:, :, i]
    return result.reshape(outputs * count, inputs * size, *window)
