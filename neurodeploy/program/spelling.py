"""Words for edges and arrays in a program's text."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from neurodeploy.data.narrow import pieces
from neurodeploy.data.structure import Edge
from neurodeploy.program.integers import Integers, NarrowIntegers


def edge_sum(edges: Iterable[Edge]) -> str:
    """Return edges as a sum: `a + b@-1`."""
    return " + ".join(_edge(edge) for edge in edges)


def edge_list(edges: Iterable[Edge]) -> str:
    """Return edges one after another: `a, b@-1`."""
    return ", ".join(_edge(edge) for edge in edges)


def array_text(values: Integers | NarrowIntegers) -> str:
    """Return a number, or an array's shape, range and a digest of its values."""
    if values.size == 1:
        return f"{int(values.reshape(-1)[0])}" if values.ndim == 0 else str(values.tolist())
    shape = "x".join(map(str, values.shape))
    digest = sha256()
    for piece in pieces(values):
        digest.update(piece.astype("<i8").data)
    return f"int[{shape}] {values.min()}..{values.max()} #{digest.hexdigest()[:16]}"


def _edge(edge: Edge) -> str:
    return f"{edge.source}@-{edge.delay}" if edge.delay else edge.source
