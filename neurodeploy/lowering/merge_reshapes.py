"""Pass: of several reshapes in a row the last is left, and none where the shape is the same.

1. A reshape or a flatten of a reshape reads what that one reads.
2. What reads a reshape to the shape that its source has, reads the source.
Changes: edges. A reshape that nothing reads any more stays for `drop_unused`. Values stay equal.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from neurodeploy.data.structure import Edge
from neurodeploy.graph import Flatten, Graph, Node, Reshape
from neurodeploy.lowering.passes import Pass

_EDGES = frozenset({"source", "second", "terms", "inputs"})


def merge_reshapes(graph: Graph) -> Graph:
    """Return the graph without reshapes of reshapes."""
    # The edge that brings a node's values in their order, in whatever shape.
    origins: dict[str, Edge] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        merged = _moved(node, origins, graph)
        nodes.append(merged)
        if isinstance(merged, Reshape) and not merged.source.delay:
            origins[node.name] = merged.source
    return Graph(tuple(nodes), graph.output)


def _moved(node: Node, origins: dict[str, Edge], graph: Graph) -> Node:
    """Return a node that reads behind the reshapes which it does not need."""
    any_shape = isinstance(node, Flatten | Reshape)

    def behind(edge: Edge) -> Edge:
        origin = origins.get(edge.source)
        if origin is None:
            return edge
        same = graph.shapes[origin.source] == graph.shapes[edge.source]
        return replace(origin, delay=edge.delay) if same or any_shape else edge

    changes: dict[str, Any] = {}
    for each in fields(node):
        value = getattr(node, each.name) if each.name in _EDGES else None
        if isinstance(value, Edge) and behind(value) != value:
            changes[each.name] = behind(value)
        elif isinstance(value, tuple) and tuple(map(behind, value)) != value:
            changes[each.name] = tuple(map(behind, value))
    return replace(node, **changes) if changes else node


MERGE_RESHAPES = Pass("merge_reshapes", merge_reshapes, changes={Node: _EDGES})
