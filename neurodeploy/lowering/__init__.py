"""From graph to program: passes that each say what they change, checked one by one."""

from neurodeploy.graph import Graph
from neurodeploy.lowering.fold_pools import fold_pools as fold_pools
from neurodeploy.lowering.to_program import to_program as to_program
from neurodeploy.program import Program

__all__ = ["fold_pools", "lower", "to_program"]


def lower(graph: Graph) -> Program:
    """The integer program of a graph; every pass's result is checked as it is made.

    Raises:
        DoesNotFitError: if a layer has no exact integer form; names it.
    """
    return to_program(fold_pools(graph))
