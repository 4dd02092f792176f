"""The pass that drops what the output does not need, on networks deeper than Python's calls."""

from __future__ import annotations

import sys

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge
from neurodeploy.lowering.drop_unused import drop_unused


def test_a_deep_chain_keeps_its_order_and_loses_what_nothing_reads() -> None:
    count = 2 * sys.getrecursionlimit()
    chain = [g.Reshape(f"r{n}", Edge(f"r{n - 1}" if n else "in"), (6,)) for n in range(count)]
    aside = g.Reshape("aside", Edge("r0"), (6,))
    graph = g.Graph((g.Input("in", (2, 3)), *chain, aside), chain[-1].name)
    kept = drop_unused(graph)
    assert [node.name for node in kept.nodes] == ["in", *(node.name for node in chain)]
