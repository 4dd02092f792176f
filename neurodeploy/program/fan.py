"""How many synapses lead from each source and to each neuron: those whose weight is not zero."""

from __future__ import annotations

import numpy as np

from neurodeploy.data.structure import Shape, conv_size
from neurodeploy.program.nodes import Conv2d, Dense, Integers


def fan_out(node: Dense | Conv2d, shape: Shape) -> Integers:
    """For each value of the source, whose shape is given: how many neurons it reaches."""
    used = node.narrow_weight != 0
    if isinstance(node, Dense):
        counts: Integers = np.count_nonzero(used, axis=0).astype(np.int64)
        return counts
    reached = _each(used, node.groups).sum(axis=1, dtype=np.int64)
    (top, left), (down, right), apart = node.padding, node.stride, node.dilation
    result = np.zeros((shape[0], shape[1] + 2 * top, shape[2] + 2 * left), dtype=np.int64)
    rows, columns = _windows(node, shape)
    for i, j in np.ndindex(*node.narrow_weight.shape[2:]):
        y, x = i * apart[0], j * apart[1]
        seen = result[:, y : y + down * rows : down, x : x + right * columns : right]
        seen[:, :rows, :columns] += reached[:, i, j].reshape(-1)[:, None, None]
    return result[:, top : top + shape[1], left : left + shape[2]]


def fan_in(node: Dense | Conv2d, shape: Shape) -> Integers:
    """For each value of the sum, whose source's shape is given: how many sources it has."""
    used = node.narrow_weight != 0
    if isinstance(node, Dense):
        counts: Integers = np.count_nonzero(used, axis=1).astype(np.int64)
        return counts
    sources = used.sum(axis=1, dtype=np.int64)
    rows, columns = _windows(node, shape)
    result = np.zeros((node.narrow_weight.shape[0], rows, columns), dtype=np.int64)
    for i, j in np.ndindex(*node.narrow_weight.shape[2:]):
        y = np.arange(rows) * node.stride[0] - node.padding[0] + i * node.dilation[0]
        x = np.arange(columns) * node.stride[1] - node.padding[1] + j * node.dilation[1]
        inside = np.outer((y >= 0) & (y < shape[1]), (x >= 0) & (x < shape[2]))
        result += sources[:, i, j][:, None, None] * inside
    return result


def _windows(node: Conv2d, shape: Shape) -> tuple[int, int]:
    kernel = (node.narrow_weight.shape[2], node.narrow_weight.shape[3])
    return conv_size((shape[1], shape[2]), kernel, node.stride, node.padding, node.dilation)


def _each(used: np.ndarray, groups: int) -> np.ndarray:
    """A kernel's weights by source channel: (source channels, outputs a group, height, width)."""
    outputs, inputs, height, width = used.shape
    grouped = used.reshape(groups, outputs // groups, inputs, height, width)
    return grouped.swapaxes(1, 2).reshape(groups * inputs, outputs // groups, height, width)
