"""Products of a graph as those of a program, which read integers without a unit.

1. A product of sums is the sum of the products of their terms.
2. One minus a value, and what attention reads, is one value: no sum of several.
"""

from __future__ import annotations

from itertools import product

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge
from neurodeploy.errors import DoesNotFitError
from neurodeploy.lowering.terms import Terms
from neurodeploy.program import Attention, Multiply


def multiplied(node: g.Multiply, terms: Terms) -> list[str]:
    """Append a program's product for each pair of terms, and return their names.

    Raises:
        DoesNotFitError: if a source is not spikes, or it takes a sum from one.
    """
    _require_counts(node, terms)
    if node.complement:
        _require_single(node, node.inputs[1], terms)
    pairs = product(*(terms.of[edge.source] for edge in node.inputs))
    return [
        name
        for count, (first, second) in enumerate(pairs)
        for name in terms.append(
            Multiply(
                f"{node.name}.{count}" if count else node.name,
                (Edge(first), Edge(second)),
                node.complement,
            )
        )
    ]


def attended(node: g.Attention, terms: Terms) -> list[str]:
    """Append a program's attention, and return its name.

    Raises:
        DoesNotFitError: if a source is not spikes or a sum of several, or it scales.
    """
    _require_counts(node, terms)
    for edge in node.inputs:
        _require_single(node, edge, terms)
    if node.scale != 1.0:
        raise DoesNotFitError(
            f"{node.name}: scales by {node.scale:g}, and integers are only added",
            remedy="use quant.prepare, which scales the thresholds or weights behind it",
        )
    edges = tuple(Edge(terms.of[edge.source][0]) for edge in node.inputs)
    return terms.append(Attention(node.name, edges, node.heads))


def _require_counts(node: g.Product, terms: Terms) -> None:
    terms.require_spikes(node)
    terms.require_no_delay(node)


def _require_single(node: g.Product, edge: Edge, terms: Terms) -> None:
    if len(terms.of[edge.source]) > 1:
        raise DoesNotFitError(
            f"{node.name}: reads {edge.source}, a sum of what drives no neurons yet",
            remedy="put neurons behind the addition",
        )
