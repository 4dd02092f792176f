"""Nodes in the order of computation, with their shapes, text and digests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Generic, Self, TypeVar

from neurodeploy.data import codec
from neurodeploy.data.structure import Edge, Node, Shape, check_order
from neurodeploy.errors import ValidationError

SCHEMA = 1
NodeT = TypeVar("NodeT", bound=Node)
KindT = TypeVar("KindT", bound=Node)


@dataclass(frozen=True)
class Network(Generic[NodeT]):
    """The base of graphs and programs."""

    nodes: tuple[NodeT, ...]
    output: str

    # The word for such a network, the base of its kinds, and the kinds that a document may hold.
    word: ClassVar[str]
    base: ClassVar[type[Node]]
    kinds: ClassVar[Sequence[type[Node]]]
    # Classes of data within nodes, besides edges.
    members: ClassVar[Sequence[type]] = ()

    def __post_init__(self) -> None:
        check_order(self.nodes, self.output, self.base, self.word)
        # Computing the shapes is checking them.
        _ = self.shapes

    @cached_property
    def by_name(self) -> dict[str, NodeT]:
        """Every node by its name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The shape of every node's value, without time and batch."""
        shapes: dict[str, Shape] = {}
        for node in self.nodes:
            inputs = [shapes[e.source] for e in node.sources if e.source in shapes]
            shapes[node.name] = node.output_shape(inputs)
        for node in self.nodes:
            # Once more, now that the shapes that a loop reads are known too.
            node.output_shape([shapes[edge.source] for edge in node.sources])
        return shapes

    @cached_property
    def digests(self) -> dict[str, str]:
        """A hash of every node by its name, to tell which one changed."""
        return {node.name: codec.digest({"node": node}) for node in self.nodes}

    @cached_property
    def sha256(self) -> str:
        """The hash of the meaning: equal networks have equal ones."""
        return codec.digest(self._document())

    def parameter_count(self) -> int:
        """Return the number of weights."""
        return sum(node.parameter_count for node in self.nodes)

    def of_kind(self, kind: type[KindT]) -> tuple[KindT, ...]:
        """Return the nodes of a kind, in order."""
        return tuple(node for node in self.nodes if isinstance(node, kind))

    def dumps(self) -> str:
        """Return the network as one JSON document, the same network always the same text."""
        return codec.dumps(self._document())

    @classmethod
    def loads(cls, text: str) -> Self:
        """Return the network that a text describes.

        Raises:
            ValidationError: if the text is not such a network of this schema.
        """
        kinds = {kind.kind_name(): kind for kind in cls.kinds}
        classes = {"Edge": Edge} | {each.__name__: each for each in cls.members} | kinds
        document = codec.loads(text, classes, cls.word)
        if document.get("schema") != SCHEMA:
            raise ValidationError(f"{cls.word} of schema {document.get('schema')}, not {SCHEMA}")
        return cls(codec.members(document, "nodes"), str(document.get("output")))

    def _document(self) -> dict[str, Any]:
        return {"schema": SCHEMA, "output": self.output, "nodes": self.nodes}


def dumps(network: Network[Any]) -> str:
    """Return a network as text, the same network always the same text."""
    return network.dumps()
