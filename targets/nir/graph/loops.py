"""Loops: NIR says neither which edge of a loop waits nor how long, so only one kind is written.

1. A loop leads through one layer of neurons.
2. Its last edge, back to a node that is computed earlier, waits one step, and no other waits.
"""

from __future__ import annotations

from neurodeploy.data.structure import Edge
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Neuron, Node, Program
from neurodeploy.program.remembered import remembered


@remembered
def looped_nodes(program: Program) -> frozenset[str]:
    """Return the nodes within loops.

    Raises:
        DoesNotFitError: if NIR does not say what a loop means; names the node.
    """
    inside: set[str] = set()
    for node in program.nodes:
        for edge in node.sources:
            if is_back(program, node, edge):
                inside |= _loop(program, node, edge)
    return frozenset(inside)


def is_back(program: Program, node: Node, edge: Edge) -> bool:
    """Return whether an edge comes from a node that is computed after its reader, or from it."""
    return _positions(program)[edge.source] >= _positions(program)[node.name]


def _loop(program: Program, node: Node, back: Edge) -> set[str]:
    """Return the nodes of the loop that an edge closes."""
    inside = _after(program, node.name) & _before(program, back.source)
    if back.source not in inside:
        raise _refused(node, f"reads {back.source}, which is computed later and is in no loop")
    layers = [name for name in inside if isinstance(program.by_name[name], Neuron)]
    if len(layers) != 1:
        raise _refused(node, f"is in a loop of the layers {', '.join(sorted(layers)) or 'none'}")
    late = back.delay != 1 or any(
        edge.delay and edge.source in inside and not is_back(program, program.by_name[name], edge)
        for name in inside
        for edge in program.by_name[name].sources
    )
    if late:
        raise _refused(node, "is in a loop with a delay beyond one step")
    return inside


def _after(program: Program, name: str) -> set[str]:
    """Return a node and those that read it in the same pass, directly or not."""
    reached = {name}
    for node in program.nodes:
        forward = (e.source for e in node.sources if not is_back(program, node, e))
        if any(source in reached for source in forward):
            reached.add(node.name)
    return reached


def _before(program: Program, name: str) -> set[str]:
    """Return a node and those that it reads in the same pass, directly or not."""
    reached = {name}
    for node in reversed(program.nodes):
        if node.name in reached:
            reached |= {e.source for e in node.sources if not is_back(program, node, e)}
    return reached


@remembered
def _positions(program: Program) -> dict[str, int]:
    return {node.name: index for index, node in enumerate(program.nodes)}


def _refused(node: Node, message: str) -> DoesNotFitError:
    return DoesNotFitError(
        f"{node.name}: {message}: NIR does not say which edge of a loop waits, nor how long",
        remedy="make it a recurrent layer: neurons that read themselves one step late; "
        "or use --target onnx",
    )
