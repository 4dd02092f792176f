"""Another writer's nodes and edges, checked; a subgraph's nodes stand among its parent's.

1. A subgraph's ends are nodes that hand on what they read; its other nodes have its name before
   their own, with a dot.
2. Every edge leads from a node to a node, once.
3. Numbers are finite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import ArtifactError
from targets.nir.foreign.reading import Member, members_of

_GRAPH = "NIRGraph"
# A node within the network that hands on what it reads: the end of a subgraph.
PASS = "Pass"
_MOST_EDGES = 1 << 14


@dataclass(frozen=True)
class NirNode:
    """A node of NIR: its primitive, its numbers and its texts."""

    name: str
    kind: str
    numbers: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def array(self, name: str) -> NDArray[Any]:
        """Return numbers.

        Raises:
            ArtifactError: if the node has none of that name.
        """
        if name not in self.numbers:
            raise ArtifactError(f"{self.name}: a {self.kind} without {name}")
        return self.numbers[name]


@dataclass(frozen=True)
class NirNetwork:
    """A whole file: nodes by name, edges in their order, and what was not used."""

    nodes: Mapping[str, NirNode]
    edges: tuple[tuple[str, str], ...]
    version: str
    notes: tuple[str, ...] = ()

    def sources(self, name: str) -> tuple[str, ...]:
        """Return the nodes that a node reads."""
        return tuple(source for source, reader in self.edges if reader == name)

    def readers(self, name: str) -> tuple[str, ...]:
        """Return the nodes that read a node."""
        return tuple(reader for source, reader in self.edges if source == name)


def network_of(content: bytes) -> NirNetwork:
    """Return the network in a file.

    Raises:
        ArtifactError: if it is damaged, or makes no sense; names the node.
    """
    return network_in(members_of(content))


def network_in(root: Mapping[str, Member]) -> NirNetwork:
    """Return the network in a file's members.

    Raises:
        ArtifactError: if it makes no sense; names the node.
    """
    graph = root.get("node")
    if not isinstance(graph, Mapping):
        raise ArtifactError("has no group /node, so it is not a NIR graph")
    version = root.get("version")
    reader = _Reader()
    if _kind(graph, "/node") == _GRAPH:
        reader.graph(graph, "")
    else:
        raise ArtifactError("holds a single node, not a graph with an Input and an Output")
    words = version if isinstance(version, str) else "unknown"
    return NirNetwork(reader.nodes, tuple(reader.edges), words, tuple(reader.notes))


class _Reader:
    def __init__(self) -> None:
        self.nodes: dict[str, NirNode] = {}
        self.edges: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def graph(self, members: Mapping[str, Member], prefix: str) -> dict[str, tuple[str, str]]:
        """Read a graph; return the ends of each of its nodes, by its own name."""
        where = prefix.rstrip(".") or "the graph"
        nodes = members.get("nodes")
        if not isinstance(nodes, Mapping):
            raise ArtifactError(f"{where}: has no nodes")
        self._note(members, where)
        ends = {name: self.node(name, node, prefix) for name, node in nodes.items()}
        own = [(str(one), str(two)) for one, two in _pairs(members.get("edges"), where)]
        if len(own) + len(self.edges) > _MOST_EDGES:
            raise ArtifactError(f"{where}: has more than {_MOST_EDGES} edges")
        for edge in own:
            missing = next((name for name in edge if name not in ends), None)
            if missing is not None:
                raise ArtifactError(f"{where}: an edge names {missing!r:.80}, which is not a node")
            if own.count(edge) > 1:
                raise ArtifactError(f"{where}: has the edge {edge[0]} -> {edge[1]} twice")
        self.edges += [(ends[one][1], ends[two][0]) for one, two in own]
        return ends

    def node(self, name: str, members: Member, prefix: str) -> tuple[str, str]:
        """Read a node; return the names of where its edges end and begin."""
        full = prefix + name
        if not isinstance(members, Mapping):
            raise ArtifactError(f"{full}: is a value, not a node")
        kind = _kind(members, full)
        if kind == _GRAPH:
            self.graph(members, f"{full}.")
            return self._end(full, "Input"), self._end(full, "Output")
        self._note(members, full)
        values = {k: v for k, v in members.items() if k not in ("type", "metadata")}
        numbers = {k: _finite(v, f"{full}.{k}") for k, v in values.items() if _is_array(v)}
        texts = {k: v for k, v in values.items() if isinstance(v, str)}
        strange = sorted(values.keys() - numbers.keys() - texts.keys())
        if strange:
            raise ArtifactError(f"{full}.{strange[0]}: is neither numbers nor a text")
        self.nodes[full] = NirNode(full, kind, numbers, texts)
        return full, full

    def _end(self, graph: str, kind: str) -> str:
        """Return the one end of a subgraph, which hands on what it reads."""
        inside = [name for name in self.nodes if name.rpartition(".")[0] == graph]
        ends = [name for name in inside if self.nodes[name].kind == kind]
        if len(ends) != 1:
            raise ArtifactError(f"{graph}: a subgraph with {len(ends)} nodes of type {kind}, not 1")
        end = self.nodes[ends[0]]
        self.nodes[end.name] = NirNode(end.name, PASS, end.numbers, end.texts)
        return end.name

    def _note(self, members: Mapping[str, Member], where: str) -> None:
        metadata = members.get("metadata")
        if isinstance(metadata, Mapping) and metadata:
            listed = ", ".join(sorted(metadata))
            self.notes.append(f"{where}: its metadata is not used ({listed:.200})")


def _kind(members: Mapping[str, Member], where: str) -> str:
    kind = members.get("type")
    if not isinstance(kind, str):
        raise ArtifactError(f"{where}: has no type, so it is not a node of NIR")
    return kind


def _pairs(edges: Member | None, where: str) -> Iterator[tuple[str, str]]:
    """Yield the edges of a graph."""
    # Without edges, nir writes an empty list of numbers.
    if isinstance(edges, np.ndarray) and edges.size == 0:
        return
    if not isinstance(edges, list):
        raise ArtifactError(f"{where}: has no list of edges")
    for edge in edges:
        if not (isinstance(edge, list) and [type(end) for end in edge] == [str, str]):
            raise ArtifactError(f"{where}: {edge!r:.80} is not an edge from a node to a node")
        yield edge[0], edge[1]


def _is_array(value: Member) -> bool:
    return isinstance(value, np.ndarray)


def _finite(value: Any, where: str) -> NDArray[Any]:
    array: NDArray[Any] = value
    if array.dtype.kind == "c":
        raise ArtifactError(f"{where}: complex numbers, which NIR's nodes do not have")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ArtifactError(f"{where}: a value is NaN or infinite")
    return array
