"""The shapes of the values that weights, windows and neurons compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Node, Pair, Shape, conv_size, require


def read_shape(node: Node, inputs: Sequence[Shape]) -> Shape:
    """Return the shape of the first value that a node reads.

    Raises:
        ValidationError: if none is known; names the node.
    """
    require(len(inputs) > 0, f"{node.name}: no input of a known shape")
    return inputs[0]


def dense_shape(node: Node, weight: Shape, inputs: Sequence[Shape]) -> Shape:
    """Return the shape after dense weights (outputs, inputs).

    Raises:
        ValidationError: if the input has another width; names the node.
    """
    outputs, width = weight
    if not inputs:
        # A loop reads a layer behind it, whose shape comes later; its own shape is known.
        return (outputs,)
    (shape, *_) = inputs
    remedy = None
    if len(shape) > 1 and prod(shape) == width:
        remedy = "put a Flatten before it"
    elif len(shape) > 1 and shape[-1] == width:
        remedy = "weights that all rows share are a Conv1d with a kernel of 1 over (channels, rows)"
    words = f"{node.name}: takes {width} inputs and is given {shape}"
    require(shape == (width,), words, remedy=remedy)
    return (outputs,)


def window_shape(
    node: Node,
    shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    channels: int | None = None,
) -> Shape:
    """Return the shape of an image after windows, one value each.

    Raises:
        ValidationError: if the input is not an image of these channels, or smaller than a window.
    """
    image = len(shape) == 3 and channels in (None, shape[0])
    expected = f"({'C' if channels is None else channels}, H, W)"
    require(image, f"{node.name}: takes {expected} and is given {shape}")
    size = conv_size((shape[1], shape[2]), kernel, stride, padding, dilation)
    require(min(size) > 0, f"{node.name}: the window {kernel} is larger than its input {shape}")
    return (shape[0], *size)


def check_parameters(node: Node, parameters: Mapping[str, NDArray[Any]], shape: Shape) -> None:
    """Check that every parameter broadcasts over a layer's shape.

    Raises:
        ValidationError: if one does not; names it.
    """
    for name, values in parameters.items():
        try:
            fits = np.broadcast_shapes(values.shape, shape) == shape
        except ValueError:
            fits = False
        require(fits, f"{node.name}.{name}: {values.shape} does not fit the layer's {shape}")
