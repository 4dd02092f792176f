"""Graphs as one JSON document, the same graph always the same text."""

from __future__ import annotations

from typing import Any

from neurodeploy.data import codec
from neurodeploy.data.structure import Edge
from neurodeploy.errors import ValidationError
from neurodeploy.graph.graph import SCHEMA, Graph, document
from neurodeploy.graph.kinds import KINDS

_CLASSES: dict[str, type[Any]] = {"Edge": Edge} | {kind.__name__: kind for kind in KINDS}


def dumps(graph: Graph) -> str:
    """The graph as text."""
    return codec.dumps(document(graph))


def loads(text: str) -> Graph:
    """The graph that the text describes.

    Raises:
        ValidationError: if the text is no graph of this schema.
    """
    held = codec.loads(text, _CLASSES, "a graph")
    if held.get("schema") != SCHEMA:
        raise ValidationError(f"a graph of schema {held.get('schema')}, not {SCHEMA}")
    return Graph(codec.members(held, "nodes"), str(held.get("output")))
