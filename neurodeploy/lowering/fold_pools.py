"""Pass: a sum pool that no neuron follows becomes part of the layer that reads it.

1. pool, pool: one pool of larger windows, where those of the first tile the image.
2. pool, flatten, linear: each weight of the linear layer stands at every input of its window,
   unless the target takes the pool's sums as values, and they cost less than the weights.
3. pool, convolution: a convolution of larger kernel and stride, where padding allows.
4. pool, neuron: stays; it is a depthwise convolution of its own.
Changes: edges, windows and weights of the reader; adds a Flatten of what is no longer pooled. The
pool stays for other readers. Values stay equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.graph import Conv2d, Dense, Flatten, Graph, Node, SumPool2d
from neurodeploy.lowering.passes import Pass


@dataclass(frozen=True)
class _Before:
    """The pool that a node reads, perhaps through a flatten."""

    pool: SumPool2d
    flat: Flatten | None
    # The shapes before and after the pool.
    shape: Shape
    pooled: Shape
    # Whether its sums may stay values of the program.
    is_value: bool

    @property
    def unpooled(self) -> str:
        """The name of a flatten of the values before the pool."""
        return "" if self.flat is None else f"{self.flat.name}.unpooled"


def fold_pools(graph: Graph, is_value: Callable[[SumPool2d], bool] = lambda pool: False) -> Graph:
    """Return the graph with no weights that read a pool, but dense ones of those that may stay.

    Raises:
        DoesNotFitError: if a pool cannot be folded exactly; names it.
    """
    nodes: dict[str, Node] = {}
    for node in graph.nodes:
        before = _pool_before(node, nodes, graph, is_value) if _FOLDED.knows(node) else None
        if before is not None and _stays(node, before):
            # In the unit of one, as spikes.
            pool = replace(before.pool, exponent=None, accumulator_bits=None)
            nodes[pool.name], before = pool, None
        folded = node if before is None else _FOLDED(node, before)
        if before is not None and any(e.source == before.unpooled for e in folded.sources):
            flat = Flatten(before.unpooled, before.pool.source)
            nodes.setdefault(flat.name, flat)
        nodes[node.name] = folded
    return Graph(tuple(nodes.values()), graph.output)


def _pool_before(
    node: Node, nodes: dict[str, Node], graph: Graph, is_value: Callable[[SumPool2d], bool]
) -> _Before | None:
    source = nodes.get(node.sources[0].source)
    flat = source if isinstance(source, Flatten) else None
    pool = source if flat is None else nodes.get(flat.source.source)
    if not isinstance(pool, SumPool2d):
        return None
    shapes = (graph.shapes[pool.source.source], graph.shapes[pool.name])
    return _Before(pool, flat, *shapes, is_value(pool))


# A node with the pool that it reads folded into it, or as it is.
_FOLDED = KindTable[[_Before], Node]("fold_pools")


@_FOLDED.register(SumPool2d)
def _into_pool(node: SumPool2d, read: _Before) -> Node:
    before = read.pool
    tiled = all(
        size == stride or above == 1
        for size, stride, above in zip(before.kernel, before.stride, node.kernel, strict=True)
    )
    if before.weight != 1.0 or not tiled:
        reason = "overlap or leave gaps" if before.weight == 1.0 else f"weigh {before.weight:g}"
        raise DoesNotFitError(
            f"{node.name}: reads {before.name}, whose windows {reason}",
            remedy="put neurons between the pools, or make the first with stride=kernel_size",
        )
    (high, wide), (down, right) = before.kernel, before.stride
    return replace(
        node,
        source=before.source,
        kernel=(high * node.kernel[0], wide * node.kernel[1]),
        stride=(down * node.stride[0], right * node.stride[1]),
    )


def _require_unweighted(node: Node, pool: SumPool2d) -> None:
    if pool.weight != 1.0:
        raise DoesNotFitError(
            f"{pool.name}: weighs its inputs by {pool.weight:g} before {node.name}",
            remedy="use layer.SumPool2d and smaller weights, as quant.prepare does, or put "
            "a pool and neurons into quant.Block",
        )


@_FOLDED.register(Dense)
def _into_linear(node: Dense, read: _Before) -> Node:
    pool, before, after = read.pool, read.shape, read.pooled
    _require_unweighted(node, pool)
    if read.flat is None:
        return node
    outputs = node.narrow_weight.shape[0]
    weight = np.asarray(node.narrow_weight).reshape(outputs, *after)
    spread = np.zeros((outputs, *before), weight.dtype if _is_tiled(pool) else np.float64)
    for i in range(pool.kernel[0]):
        for j in range(pool.kernel[1]):
            rows = slice(i, i + pool.stride[0] * after[1], pool.stride[0])
            columns = slice(j, j + pool.stride[1] * after[2], pool.stride[1])
            spread[:, :, rows, columns][:, :, : after[1], : after[2]] += weight
    source = Edge(read.unpooled, read.flat.source.delay)
    return replace(node, weight=spread.reshape(outputs, prod(before)), source=source)


def _stays(node: Node, read: _Before) -> bool:
    """Return whether dense weights read a pool as it is, since folding it costs more operations."""
    if not (isinstance(node, Dense) and read.is_value and read.flat is not None):
        return False
    window, outputs = prod(read.pool.kernel), node.narrow_weight.shape[0]
    return window + outputs < window * outputs


def _is_tiled(pool: SumPool2d) -> bool:
    """Return whether no two windows overlap, so that nothing is added up."""
    return all(pool.stride[axis] >= pool.kernel[axis] for axis in (0, 1))


@_FOLDED.register(Conv2d)
def _into_conv(node: Conv2d, read: _Before) -> Node:
    pool, before = read.pool, read.shape
    _require_unweighted(node, pool)
    if read.flat is not None:
        return node
    padded = node.padding != (0, 0)
    for axis in (0, 1):
        size, kernel, stride = before[axis + 1], pool.kernel[axis], pool.stride[axis]
        if padded and (kernel > stride or (size - kernel) % stride):
            raise DoesNotFitError(
                f"{node.name}: its padding meets windows of {pool.name} that do not tile the image",
                remedy="put the pool and neurons into quant.Block, or leave out the padding",
            )
    weight = np.asarray(node.narrow_weight)
    outputs, inputs, height, width = weight.shape
    apart = tuple(node.dilation[i] * pool.stride[i] for i in (0, 1))
    size_y = (height - 1) * apart[0] + pool.kernel[0]
    size_x = (width - 1) * apart[1] + pool.kernel[1]
    spread = np.zeros((outputs, inputs, size_y, size_x))
    for y in range(height):
        for x in range(width):
            top, left = y * apart[0], x * apart[1]
            window = spread[:, :, top : top + pool.kernel[0], left : left + pool.kernel[1]]
            window += weight[:, :, y, x][:, :, None, None]
    return replace(
        node,
        weight=spread,
        source=pool.source,
        stride=(node.stride[0] * pool.stride[0], node.stride[1] * pool.stride[1]),
        padding=(node.padding[0] * pool.stride[0], node.padding[1] * pool.stride[1]),
        dilation=(1, 1),
    )


def folding(is_value: Callable[[SumPool2d], bool]) -> Pass:
    """Return the pass for a target that takes the sums of some pools as values."""
    return Pass(
        "fold_pools",
        lambda graph: fold_pools(graph, is_value),
        adds=frozenset({Flatten}),
        changes={
            SumPool2d: frozenset({"source", "kernel", "stride", "exponent", "accumulator_bits"}),
            Dense: frozenset({"source", "weight"}),
            Conv2d: frozenset({"source", "weight", "stride", "padding", "dilation"}),
        },
    )


FOLD_POOLS = folding(lambda pool: False)
