"""The order in which a program's nodes are computed, and read for the last time."""

from __future__ import annotations

from collections.abc import Collection

from neurodeploy.program import Program


def last_reads(program: Program, late: Collection[str]) -> dict[str, list[str]]:
    """Return by node the sources that nothing reads after it, so that their memory is free."""
    last = {edge.source: node.name for node in program.nodes for edge in node.sources}
    reads: dict[str, list[str]] = {node.name: [] for node in program.nodes}
    for source, reader in last.items():
        if source not in late:
            reads[reader].append(source)
    return reads


def has_loop(program: Program) -> bool:
    """Return whether a node reads one that is computed after it."""
    names = [node.name for node in program.nodes]
    return any(
        names.index(edge.source) >= position
        for position, node in enumerate(program.nodes)
        for edge in node.sources
    )
