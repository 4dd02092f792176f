"""Pass: nodes that the output does not need go.

1. Inputs stay, and so does every node that the output reads, directly or not.
2. A node stands behind those that it reads, in the order in which it names them; if a loop has no
   such order, in that of the graph.
Changes: removes nodes of any kind. Values stay equal.
"""

from __future__ import annotations

from neurodeploy.graph import Graph, Node
from neurodeploy.lowering.passes import Pass


def drop_unused(graph: Graph) -> Graph:
    """Return the graph without the nodes that its output does not need."""
    order: dict[str, Node] = {}
    visited: set[str] = set()

    def append(first: str) -> None:
        """Append a node behind all that it needs; a network may be deeper than Python's calls."""
        pending = [first]
        while pending:
            node = graph.by_name[pending[-1]]
            visited.add(node.name)
            needed = (edge.source for edge in node.sources if edge.source not in visited)
            source = next(needed, None)
            if source is None:
                order[node.name] = graph.by_name[pending.pop()]
            else:
                pending.append(source)

    for node in graph.nodes:
        if node.name not in visited and (node.name == graph.output or not node.sources):
            append(node.name)
    position = {name: number for number, name in enumerate(order)}
    if any(
        not edge.delay and position[edge.source] > position[name]
        for name, node in order.items()
        for edge in node.sources
    ):
        # A way back that waits behind its sums: the graph's own order has it right.
        return Graph(tuple(node for node in graph.nodes if node.name in visited), graph.output)
    return Graph(tuple(order.values()), graph.output)


DROP_UNUSED = Pass("drop_unused", drop_unused, removes=frozenset({Node}))
