"""From graph to program: passes that each say what they change, checked one by one."""

from neurodeploy.graph import Conv2d, Graph, Linear, Neuron
from neurodeploy.lowering.fold_pools import fold_pools as fold_pools
from neurodeploy.lowering.to_program import to_program as to_program
from neurodeploy.program import Program

__all__ = ["fold_pools", "in_floats", "lower", "to_program"]


def lower(graph: Graph) -> Program:
    """The integer program of a graph; every pass's result is checked as it is made.

    Raises:
        DoesNotFitError: if a layer has no exact integer form; names it.
    """
    return to_program(fold_pools(graph))


def in_floats(graph: Graph) -> bool:
    """Whether some weights or neurons are on no chip's grid, so that there is no program."""
    return any(
        (isinstance(node, Linear | Conv2d) and node.exponent is None)
        or (isinstance(node, Neuron) and node.system is None)
        for node in graph.nodes
    )
