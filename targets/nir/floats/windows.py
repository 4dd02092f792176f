"""Convolutions, pools and joined axes of a graph in NIR's words.

1. A convolution of lines is one of images of one row in a graph, between two changes of shape.
2. A pool with zeros around it is a convolution of each channel by itself, all of whose weights are
   the same.
3. Kernels of groups, and oblong ones, are filled up with zeros: nir 1.0.8 counts the channels of
   groups wrongly, and takes every kernel as square.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.graph import Graph


@dataclass(frozen=True)
class Line:
    """A convolution of lines: the edge that it reads, and its convolution of one row."""

    source: Edge
    conv: g.Conv2d


def lines_of(graph: Graph) -> Mapping[str, Line]:
    """Return the convolutions of lines, by the name of the change of shape behind each."""
    counts = Counter(edge.source for node in graph.nodes for edge in node.sources)
    lines = {}
    for last in graph.of_kind(g.Reshape):
        conv = graph.by_name[last.source.source]
        row = graph.by_name[conv.source.source] if isinstance(conv, g.Conv2d) else None
        if not isinstance(conv, g.Conv2d) or not isinstance(row, g.Reshape):
            continue
        (channels, *before), after = graph.shapes[row.source.source], graph.shapes[conv.name]
        around = conv.weight.shape[2] == conv.stride[0] == conv.dilation[0] == 1
        if (
            graph.shapes[row.name] == (channels, 1, *before)
            and graph.shapes[last.name] == (after[0], *after[2:])
            and len(before) == 1
            and around
            and conv.padding[0] == 0
            and counts[row.name] == counts[conv.name] == 1
            and graph.output not in (row.name, conv.name)
            and not (conv.source.delay or last.source.delay)
        ):
            lines[last.name] = Line(row.source, conv)
    return lines


def joined_axes(before: Shape, after: Shape) -> tuple[int, int] | None:
    """Return the first and the last of the axes that become one, or None."""
    for start in range(len(before)):
        for end in range(start, len(before)):
            joined = (*before[:start], prod(before[start : end + 1]), *before[end + 1 :])
            if joined == after:
                return start, end
    return None


def pool_of(conv: g.Conv2d) -> tuple[str, Mapping[str, NDArray[np.int64]]] | None:
    """Return the primitive and the form of a convolution that is a pool with zeros around it."""
    channels, own, *kernel = conv.weight.shape
    if not any(conv.padding) or (own, conv.groups) != (1, channels) or conv.bias is not None:
        return None
    first = np.float32(conv.weight.flat[0])
    kinds = {np.float32(1 / prod(kernel)): "AvgPool2d", np.float32(1): "SumPool2d"}
    if conv.dilation != (1, 1) or first not in kinds or (conv.weight != first).any():
        return None
    form = {"kernel_size": kernel, "stride": conv.stride, "padding": conv.padding}
    return kinds[first], {key: np.array(value, np.int64) for key, value in form.items()}


def conv_members(conv: g.Conv2d, shape: Shape) -> Mapping[str, Any]:
    """Return the numbers of a Conv2d, of one group and of a square kernel.

    Raises:
        DoesNotFitError: if zeros on both sides do not make it square; names the layer.
    """
    weight = _ungrouped(conv)
    height, width = weight.shape[2:]
    side = max(height, width)
    if (height - width) % 2:
        raise DoesNotFitError(
            f"{conv.name}: a kernel of {height} x {width}, and nir 1.0.8 takes every kernel as "
            "square",
            remedy="use a square kernel, or --target onnx",
        )
    above, left = (side - height) // 2, (side - width) // 2
    padding = np.add(conv.padding, np.multiply((above, left), conv.dilation))
    pairs = {"input_shape": shape[1:], "stride": conv.stride, "padding": padding}
    pairs["dilation"] = conv.dilation
    square = np.pad(weight, ((0, 0), (0, 0), (above, above), (left, left)))
    members: dict[str, Any] = {key: np.array(value, np.int64) for key, value in pairs.items()}
    return members | _weights(conv, square)


def line_members(line: Line, shape: Shape) -> Mapping[str, Any]:
    """Return the numbers of a Conv1d, of one group."""
    conv = line.conv
    sizes = {"input_shape": shape[1], "stride": conv.stride[1], "padding": conv.padding[1]}
    sizes["dilation"] = conv.dilation[1]
    members: dict[str, Any] = {key: np.array(value, np.int64) for key, value in sizes.items()}
    return members | _weights(conv, _ungrouped(conv)[:, :, 0])


def _weights(conv: g.Conv2d, weight: NDArray[Any]) -> dict[str, Any]:
    bias = np.zeros(len(weight)) if conv.bias is None else conv.bias
    one = np.array(1, np.int64)
    return {"weight": np.float32(weight), "bias": np.float32(bias), "groups": one}


def _ungrouped(conv: g.Conv2d) -> NDArray[Any]:
    """Return the kernels over all channels, with zeros for those of other groups."""
    weight, groups = np.asarray(conv.weight), conv.groups
    outputs, inputs, *kernel = weight.shape
    whole = np.zeros((outputs, inputs * groups, *kernel), dtype=weight.dtype)
    rows = outputs // groups
    for group in range(groups):
        own = slice(group * rows, (group + 1) * rows)
        whole[own, group * inputs : (group + 1) * inputs] = weight[own]
    return whole
