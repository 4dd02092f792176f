"""Another writer's nodes and edges, checked; a subgraph's nodes stand among its parent's.

1. A subgraph's ends are nodes that hand on what they read; its other nodes have its name before
   their own, with a dot.
2. Every edge leads from a node to a node, once.
3. Numbers are finite, and no two nodes have one name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import ArtifactError
from targets.nir.foreign.reading import FileContent, Member, content_of

_GRAPH = "NIRGraph"
# A node within the network that hands on what it reads: the end of a subgraph.
PASS = "Pass"
_MOST_EDGES = 1 << 14
# The version whose meaning is read.
VERSION = (1, 0, 8)
_NUMBERS = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})")
_FIRES = ("v_threshold", "v_reset")
_WINDOWS = ("kernel_size", "stride", "padding")
_CONV = ("input_shape", "weight", "stride", "padding", "dilation", "groups", "bias")
# The members of each primitive.
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("Input", "Output"), ("shape",)),
    "Affine": ("weight", "bias"),
    "Linear": ("weight",),
    "Scale": ("scale",),
    **dict.fromkeys(("Conv1d", "Conv2d"), _CONV),
    **dict.fromkeys(("SumPool2d", "AvgPool2d"), _WINDOWS),
    "Flatten": ("input_type", "start_dim", "end_dim"),
    "Delay": ("delay",),
    "Threshold": ("threshold",),
    "I": ("r",),
    "IF": ("r", *_FIRES),
    "LI": ("tau", "r", "v_leak"),
    "LIF": ("tau", "r", "v_leak", *_FIRES),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak", "w_in"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "w_in", *_FIRES),
}


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
            article = "an" if self.kind[:1] in "AIO" else "a"
            raise ArtifactError(f"{self.name}: {article} {self.kind} without {name}")
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
        return self._neighbours[0].get(name, ())

    def readers(self, name: str) -> tuple[str, ...]:
        """Return the nodes that read a node."""
        return self._neighbours[1].get(name, ())

    @cached_property
    def _neighbours(self) -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
        """The nodes that each node reads, and those that read it, in the order of the edges."""
        sources: dict[str, list[str]] = {}
        readers: dict[str, list[str]] = {}
        for source, reader in self.edges:
            sources.setdefault(reader, []).append(source)
            readers.setdefault(source, []).append(reader)
        return (
            {name: tuple(names) for name, names in sources.items()},
            {name: tuple(names) for name, names in readers.items()},
        )


def network_of(content: bytes) -> NirNetwork:
    """Return the network in a file.

    Raises:
        ArtifactError: if it is damaged, or makes no sense; names the node.
    """
    return network_in(content_of(content))


def network_in(content: FileContent) -> NirNetwork:
    """Return the network in a file's content.

    Raises:
        ArtifactError: if it makes no sense; names the node.
    """
    root = content.members
    graph = root.get("node")
    if not isinstance(graph, Mapping):
        raise ArtifactError("has no group /node, so it is not a NIR graph")
    reader = _Reader()
    reader.notes += _of_file(content)
    if _kind(graph, "/node") == _GRAPH:
        reader.graph(graph, "")
    else:
        raise ArtifactError("holds a single node, not a graph with an Input and an Output")
    version = root.get("version")
    words = version if isinstance(version, str) else "unknown"
    return NirNetwork(reader.nodes, tuple(reader.edges), words, tuple(reader.notes))


def _of_file(content: FileContent) -> Iterator[str]:
    """Yield what is said of a file as a whole: its version, and what NIR has no place for."""
    version = content.members.get("version")
    numbers = _NUMBERS.match(version) if isinstance(version, str) else None
    if numbers is None:
        yield "the file does not say which version of nir wrote it"
    elif tuple(int(number) for number in numbers.groups()) > VERSION:
        yield f"nir {'.'.join(numbers.groups())} wrote the file, and it is read as nir 1.0.8's"
    strange = sorted(content.members.keys() - {"version", "node"})
    if strange:
        yield f"the file: {_listed(strange)} not part of NIR, and not used"
    if content.attributes:
        yield f"attributes are not used: those of {', '.join(content.attributes):.200}"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names):.200} {'is' if len(names) == 1 else 'are'}"


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
        self._note_strange(members, where, ("nodes", "edges"))
        ends = {name: self.node(name, node, prefix) for name, node in nodes.items()}
        own = [(str(one), str(two)) for one, two in _pairs(members.get("edges"), where)]
        if len(own) + len(self.edges) > _MOST_EDGES:
            raise ArtifactError(f"{where}: has more than {_MOST_EDGES} edges")
        for edge, count in Counter(own).items():
            missing = next((name for name in edge if name not in ends), None)
            if missing is not None:
                raise ArtifactError(f"{where}: an edge names {missing!r:.80}, which is not a node")
            if count > 1:
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
            inside = self.graph(members, f"{full}.")
            return self._end(full, "Input", inside), self._end(full, "Output", inside)
        self._note(members, full)
        self._note_strange(members, full, _MEMBERS.get(kind, tuple(members)))
        values = {k: v for k, v in members.items() if k not in ("type", "metadata")}
        numbers = {k: _finite(v, f"{full}.{k}") for k, v in values.items() if _is_array(v)}
        texts = {k: v for k, v in values.items() if isinstance(v, str)}
        strange = sorted(values.keys() - numbers.keys() - texts.keys())
        if strange:
            raise ArtifactError(f"{full}.{strange[0]}: is neither numbers nor a text")
        if full in self.nodes:
            raise ArtifactError(
                f"{full}: is the name of two nodes, since a subgraph's nodes stand among others",
                remedy="write the file again with another name for one of them",
            )
        self.nodes[full] = NirNode(full, kind, numbers, texts)
        return full, full

    def _end(self, graph: str, kind: str, inside: Mapping[str, tuple[str, str]]) -> str:
        """Return the one end of a subgraph, which hands on what it reads."""
        own = [first for first, last in inside.values() if first == last]
        ends = [name for name in own if self.nodes[name].kind == kind]
        if len(ends) != 1:
            raise ArtifactError(f"{graph}: a subgraph with {len(ends)} nodes of type {kind}, not 1")
        end = self.nodes[ends[0]]
        self.nodes[end.name] = NirNode(end.name, PASS, end.numbers, end.texts)
        return end.name

    def _note_strange(
        self, members: Mapping[str, Member], where: str, expected: tuple[str, ...]
    ) -> None:
        strange = sorted(members.keys() - {"type", "metadata", *expected})
        if strange:
            self.notes.append(f"{where}: {_listed(strange)} not part of nir 1.0.8, and not used")

    def _note(self, members: Mapping[str, Member], where: str) -> None:
        metadata = members.get("metadata")
        if isinstance(metadata, Mapping) and metadata:
            listed = ", ".join(sorted(metadata))
            self.notes.append(f"{where}: its metadata is not used ({listed:.200})")


def _kind(members: Mapping[str, Member], where: str) -> str:
    kind = members.get("type")
    if not isinstance(kind, str):
        raise ArtifactError(f"{where}: has no type, so it is not a node of NIR")
    if not kind.isprintable():
        raise ArtifactError(f"{where}: its type {kind!r:.60} has letters that cannot be printed")
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
    if array.dtype.kind == "f" and (np.abs(array) > np.finfo(np.float32).max).any():
        raise ArtifactError(f"{where}: {np.abs(array).max():g} is more than float32 holds")
    return array
