"""Pass: a sum pool that no neuron follows becomes part of the layer that reads it.

1. pool, pool: one pool of larger windows, where those of the first tile the image.
2. pool, flatten, linear: each weight of the linear layer stands at every input of its window.
3. pool, convolution: a convolution of larger kernel and stride, where padding allows.
4. pool, neuron: stays; it is a depthwise convolution of its own.
Changes: removes SumPool2d and the Flatten behind it; weights of the reader. Values stay equal.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from neurodeploy.data.structure import Edge, Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.graph import Conv2d, Flatten, Graph, Linear, Node, SumPool2d


def fold_pools(graph: Graph) -> Graph:
    """The graph without pools between neurons and weights.

    Raises:
        DoesNotFitError: if a pool cannot be folded exactly; names it.
    """
    nodes = dict(graph.by_name)
    for node in graph.nodes:
        if isinstance(node, SumPool2d):
            nodes[node.name] = _into_pool(node, nodes[node.source.source])
            continue
        pool, flat = _pool_before(node, nodes)
        if pool is None:
            continue
        if pool.weight != 1.0:
            raise DoesNotFitError(
                f"{pool.name}: weighs its inputs by {pool.weight:g} before {node.name}",
                remedy="use layer.SumPool2d and smaller weights, as quant.prepare does, or put "
                "a pool and neurons into quant.Block",
            )
        before = graph.shapes[pool.source.source]
        if isinstance(node, Linear) and flat is not None:
            nodes[node.name] = _into_linear(node, pool, flat, before, graph.shapes[pool.name])
        elif isinstance(node, Conv2d) and flat is None:
            nodes[node.name] = _into_conv(node, pool, before)
    return Graph(tuple(_used(nodes, graph)), graph.output)


def _pool_before(node: Node, nodes: dict[str, Node]) -> tuple[SumPool2d | None, Flatten | None]:
    if not isinstance(node, Linear | Conv2d):
        return None, None
    source = nodes[node.source.source]
    flat = source if isinstance(source, Flatten) else None
    if flat is not None:
        source = nodes[flat.source.source]
    return (source, flat) if isinstance(source, SumPool2d) else (None, None)


def _into_pool(node: SumPool2d, before: Node) -> SumPool2d:
    if not isinstance(before, SumPool2d):
        return node
    tiled = all(
        size == stride or above == 1
        for size, stride, above in zip(before.kernel, before.stride, node.kernel, strict=True)
    )
    if before.weight != 1.0 or not tiled:
        what = "overlap or leave gaps" if before.weight == 1.0 else f"weigh {before.weight:g}"
        raise DoesNotFitError(
            f"{node.name}: reads {before.name}, whose windows {what}",
            remedy="put neurons between the pools, or make the first with stride=kernel_size",
        )
    (high, wide), (down, right) = before.kernel, before.stride
    return replace(
        node,
        source=before.source,
        kernel=(high * node.kernel[0], wide * node.kernel[1]),
        stride=(down * node.stride[0], right * node.stride[1]),
    )


def _into_linear(node: Linear, pool: SumPool2d, flat: Flatten, before: Shape, after: Shape) -> Node:
    outputs = node.narrow_weight.shape[0]
    weight = np.asarray(node.narrow_weight).reshape(outputs, *after)
    spread = np.zeros((outputs, *before), weight.dtype if _is_tiled(pool) else np.float64)
    for i in range(pool.kernel[0]):
        for j in range(pool.kernel[1]):
            rows = slice(i, i + pool.stride[0] * after[1], pool.stride[0])
            columns = slice(j, j + pool.stride[1] * after[2], pool.stride[1])
            spread[:, :, rows, columns][:, :, : after[1], : after[2]] += weight
    source = Edge(_unpooled(flat.name), flat.source.delay)
    return replace(node, weight=spread.reshape(outputs, prod(before)), source=source)


def _is_tiled(pool: SumPool2d) -> bool:
    """Whether no two windows overlap, so that nothing is added up."""
    return all(pool.stride[axis] >= pool.kernel[axis] for axis in (0, 1))


def _unpooled(name: str) -> str:
    return f"{name}.unpooled"


def _into_conv(node: Conv2d, pool: SumPool2d, before: Shape) -> Node:
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


def _used(nodes: dict[str, Node], graph: Graph) -> list[Node]:
    """The nodes that the output needs, in order, with flattens of what is no longer pooled."""
    order: list[Node] = []
    placed: set[str] = set()

    def place(name: str) -> None:
        if name in placed:
            return
        placed.add(name)
        if name not in nodes:
            flat = nodes[name.removesuffix(".unpooled")]
            pool = nodes[flat.sources[0].source]
            node: Node = Flatten(name, pool.sources[0])
        else:
            node = nodes[name]
        for edge in node.sources:
            place(edge.source)
        order.append(node)

    for node in graph.nodes:
        # Inputs first and whatever the output needs; nothing else.
        if node.name == graph.output or not node.sources:
            place(node.name)
    return order
