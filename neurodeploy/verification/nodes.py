"""The nodes of a network for its report."""

from __future__ import annotations

from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.program.described import layer_data, proved_ranges
from neurodeploy.report.network import NodeSummary, Read


def node_summaries(network: Program | Graph) -> tuple[NodeSummary, ...]:
    """Return every node in the order of computation; of a network in floats without numbers."""
    if isinstance(network, Graph):
        return tuple(_in_floats(network, name) for name in network.by_name)
    proved = proved_ranges(network)
    summaries = []
    for node in network.nodes:
        data = layer_data(node, network, proved)
        reads = tuple(Read(edge.source, edge.delay) for edge in node.sources)
        ranges = {name: (low, high) for name, (low, high) in data["ranges"].items()}
        head = (node.name, data["kind"], network.shapes[node.name], reads)
        summaries.append(NodeSummary(*head, data.get("bits"), ranges))
    return tuple(summaries)


def _in_floats(graph: Graph, name: str) -> NodeSummary:
    node = graph.by_name[name]
    equations = getattr(node, "equations", None)
    kind = node.kind_name().lower() if equations is None else equations.name
    reads = tuple(Read(edge.source, edge.delay) for edge in node.sources)
    return NodeSummary(name, kind, graph.shapes[name], reads)
