"""The loops of a graph, each as what `layer.Recurrent` holds: a body and a way back.

A loop is entered at one sum, which adds what comes from outside to what comes back; its nodes are a
chain, and the outside reads one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge
from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.graph import Graph

_REMEDY = "a loop goes from one sum along one chain, and is read at one node"


@dataclass(frozen=True)
class Loop:
    """A loop: what it adds to from outside, its nodes in order, and how late they come back."""

    outside: tuple[Edge, ...]
    body: tuple[str, ...]
    feedback: tuple[str, ...]
    steps: int
    # Whether the way back computes in the first step too, of zeros.
    from_start: bool
    names: frozenset[str]


def loops_of(graph: Graph) -> tuple[Loop, ...]:
    """Return the loops of a graph.

    Raises:
        UnsupportedLayerError: if one is not a chain; names a node.
    """
    return tuple(_loop(graph, names) for names in _circles(graph))


def _circles(graph: Graph) -> Iterator[frozenset[str]]:
    """Yield the sets of nodes that read one another."""
    sources = {node.name: [edge.source for edge in node.sources] for node in graph.nodes}
    # Only what an edge leads back to can be in a loop.
    position = {node.name: number for number, node in enumerate(graph.nodes)}
    late = [
        (node.name, edge.source)
        for node in graph.nodes
        for edge in node.sources
        if position[edge.source] >= position[node.name]
    ]
    reached = {name: _behind(name, sources) for pair in late for name in pair}
    seen: set[str] = set()
    for reader, source in late:
        if reader in seen:
            continue
        behind = reached[source]
        readers = {name for name in behind if reader in _behind(name, sources)}
        circle = frozenset(readers | {reader})
        seen |= circle
        yield circle


def _behind(start: str, sources: dict[str, list[str]]) -> set[str]:
    """Return a node and all that its value depends on."""
    pending, reached = [start], {start}
    while pending:
        new = set(sources[pending.pop()]) - reached
        reached |= new
        pending += new
    return reached


def _loop(graph: Graph, names: frozenset[str]) -> Loop:
    inner = {
        node.name: [edge for edge in node.sources if edge.source in names]
        for node in graph.nodes
        if node.name in names
    }
    joins = [name for name in inner if len(graph.by_name[name].sources) > 1]
    if len(joins) != 1 or any(len(edges) != 1 for edges in inner.values()):
        raise _tangled(sorted(names)[0], "a loop in which several sums lead on")
    entry = graph.by_name[joins[0]]
    if not isinstance(entry, g.Add):
        raise _tangled(entry.name, "a loop that does not begin in a sum")
    chain, edges = _walked(entry.name, inner)
    outside = {edge.source for n in graph.nodes if n.name not in names for edge in n.sources}
    read = [name for name in chain if name in outside or name == graph.output]
    if len(read) != 1:
        raise _tangled(entry.name, f"a loop that is read at {', '.join(read) or 'no node'}")
    end = chain.index(read[0]) + 1
    body, feedback = chain[:end], chain[end:]
    if not body:
        raise _tangled(entry.name, "a loop without a body")
    # Edge number i leads to node i of the chain; the last leads back to the sum.
    first_back = edges[end]
    steps = sum(edge.delay for edge in edges)
    if sum(edge.delay for edge in edges[:end]):
        raise _tangled(entry.name, "a loop that waits before it is read")
    terms = tuple(edge for edge in entry.sources if edge.source not in names)
    return Loop(terms, body, feedback, steps, bool(first_back.delay), names)


def _walked(entry: str, inner: dict[str, list[Edge]]) -> tuple[tuple[str, ...], list[Edge]]:
    """Return the nodes behind the sum in order, and the edges to each and back to the sum."""
    following = {edges[0].source: (name, edges[0]) for name, edges in inner.items()}
    chain, edges, name = list[str](), list[Edge](), entry
    while True:
        name, edge = following[name]
        edges.append(edge)
        if name == entry:
            return tuple(chain), edges
        chain.append(name)


def _tangled(name: str, words: str) -> UnsupportedLayerError:
    return UnsupportedLayerError(f"{name}: {words}", remedy=_REMEDY)
