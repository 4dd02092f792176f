"""Pass: a sum pool that neurons follow becomes a depthwise convolution.

1. Every weight of a kernel is the pool's; each channel has a kernel of its own.
2. A pool without an exponent stays: it is in floats, as the lowering says when it comes to it.
Changes: removes SumPool2d and adds a Conv2d of the same name. Values stay equal.
"""

from __future__ import annotations

import numpy as np

from neurodeploy.graph import Conv2d, Graph, Node, SumPool2d
from neurodeploy.lowering.passes import Pass


def pools_to_kernels(graph: Graph) -> Graph:
    """Return the graph with a convolution instead of every sum pool on a chip's grid."""
    return Graph(tuple(_kernel(node, graph) for node in graph.nodes), graph.output)


def _kernel(node: Node, graph: Graph) -> Node:
    if not isinstance(node, SumPool2d) or node.exponent is None:
        return node
    channels = graph.shapes[node.source.source][0]
    return Conv2d(
        node.name,
        node.source,
        np.full((channels, 1, *node.kernel), node.weight),
        stride=node.stride,
        groups=channels,
        exponent=node.exponent,
        accumulator_bits=node.accumulator_bits,
    )


POOLS_TO_KERNELS = Pass(
    "pools_to_kernels",
    pools_to_kernels,
    removes=frozenset({SumPool2d}),
    adds=frozenset({Conv2d}),
)
