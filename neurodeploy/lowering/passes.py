"""A pass: a function from graph to graph that declares what it changes, and is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from neurodeploy.data.structure import different_fields
from neurodeploy.errors import PassError
from neurodeploy.graph import Graph, Node

Kinds = frozenset[type[Node]]


@dataclass(frozen=True)
class Pass:
    """A step from graph to graph, and all that it may change.

    The output keeps its name, and so does every node that is neither removed nor added.
    """

    name: str
    run: Callable[[Graph], Graph]
    # The kinds whose nodes may go, and those whose nodes may come.
    removes: Kinds = frozenset()
    adds: Kinds = frozenset()
    # The fields of a kind that may change; of a subclass too.
    changes: Mapping[type[Node], frozenset[str]] = field(default_factory=dict)


def run_passes(graph: Graph, passes: Sequence[Pass]) -> Graph:
    """Return the graph after some passes, one after another.

    Raises:
        DoesNotFitError: if a pass cannot transform a layer exactly; names it.
        PassError: if a pass changed something that it does not declare; names both.
    """
    for each in passes:
        result = each.run(graph)
        for words in _undeclared(each, graph, result):
            raise PassError(f"the pass {each.name} {words}, which it does not declare")
        graph = result
    return graph


def _undeclared(each: Pass, before: Graph, after: Graph) -> Iterator[str]:
    """Yield what a pass did and does not declare."""
    if after.output != before.output:
        yield f"made {after.output} the output instead of {before.output}"
    for name in before.by_name.keys() | after.by_name.keys():
        old, new = before.by_name.get(name), after.by_name.get(name)
        replaced = type(old) is not type(new)
        if old is not None and replaced and not isinstance(old, tuple(each.removes)):
            yield f"removed {name}, a {type(old).__name__}"
        if new is not None and replaced and not isinstance(new, tuple(each.adds)):
            yield f"added {name}, a {type(new).__name__}"
        if old is not None and new is not None and not replaced and old is not new:
            for changed in different_fields(old, new):
                if not any(
                    isinstance(new, kind) and changed in names
                    for kind, names in each.changes.items()
                ):
                    yield f"changed {name}.{changed}"
