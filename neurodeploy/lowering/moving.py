"""Selections of a graph as those of a program, and the units of what a concatenation joins."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge
from neurodeploy.errors import DoesNotFitError
from neurodeploy.lowering.terms import Terms
from neurodeploy.program import Selection
from neurodeploy.program.kinds import SELECTIONS

_KINDS = {kind.kind_name(): kind for kind in SELECTIONS}


def twin(node: g.Selection, name: str, *edges: Edge) -> Selection:
    """Return a program's selection like a graph's, under a name and of other sources."""
    members: dict[str, Any] = dict(node.form)
    (label,) = {each.name for each in fields(node)} - {"name", *members}
    kind: Any = _KINDS[node.kind_name()]
    selection: Selection = kind(
        name, **{label: edges if label == "inputs" else edges[0]}, **members
    )
    return selection


def is_idle(node: g.Selection, graph: g.Graph) -> bool:
    """Return whether a node gives its source's values in the shape that they have."""
    reshapes = isinstance(node, g.Flatten | g.Reshape)
    return reshapes and graph.shapes[node.name] == graph.shapes[node.source.source]


def joined(node: g.Selection, terms: Terms) -> Selection:
    """Return a program's selection of several sources, of one term and one unit each.

    Raises:
        DoesNotFitError: if one is a sum, or two count in unlike units; names both.
    """
    names, units = [], {}
    for edge in node.sources:
        (term, *more) = terms.of[edge.source]
        if more:
            raise DoesNotFitError(
                f"{node.name}: joins {edge.source}, a sum of what drives no neurons yet",
                remedy="put neurons behind the addition",
            )
        names.append(term)
        units[edge.source] = terms.unit_of(term)
    if len(set(units.values())) > 1:
        words = " and ".join(f"{name}, {unit}" for name, unit in units.items())
        raise DoesNotFitError(
            f"{node.name}: is a concat of unlike units: {words}",
            remedy="put neurons before the concatenation, whose spikes have one unit",
        )
    return twin(node, node.name, *map(Edge, names))
