"""From graph to program: passes that each declare what they change, and are checked."""

from collections.abc import Sequence

from neurodeploy.graph import Graph
from neurodeploy.lowering.drop_unused import DROP_UNUSED as DROP_UNUSED
from neurodeploy.lowering.fold_pools import FOLD_POOLS as FOLD_POOLS
from neurodeploy.lowering.fold_pools import folding
from neurodeploy.lowering.merge_reshapes import MERGE_RESHAPES as MERGE_RESHAPES
from neurodeploy.lowering.passes import Pass as Pass
from neurodeploy.lowering.passes import run_passes as run_passes
from neurodeploy.lowering.pools_to_kernels import POOLS_TO_KERNELS as POOLS_TO_KERNELS
from neurodeploy.lowering.to_program import SumPoolError
from neurodeploy.lowering.to_program import to_program as to_program
from neurodeploy.program import Program

__all__ = [
    "DROP_UNUSED",
    "FOLD_POOLS",
    "MERGE_RESHAPES",
    "PASSES",
    "POOLS_TO_KERNELS",
    "Pass",
    "in_floats",
    "lower",
    "run_passes",
    "to_program",
]

# The passes that every graph goes through before it becomes a program, in order.
PASSES = (MERGE_RESHAPES, FOLD_POOLS, DROP_UNUSED, POOLS_TO_KERNELS)


def lower(graph: Graph, passes: Sequence[Pass] = (), *, largest_sum: int = 0) -> Program:
    """Return the integer program of a graph; a target's own passes run after those of all.

    Sums of spikes up to `largest_sum` are values of it; what reads larger ones weighs each term.

    Raises:
        DoesNotFitError: if a layer has no exact integer form; names it.
        PassError: if a pass changed something that it does not declare.
    """
    # The pools whose sums are larger.
    beyond = set[str]()
    while True:
        fold = folding(lambda pool: pool.name not in beyond) if largest_sum else FOLD_POOLS
        common = (fold if each is FOLD_POOLS else each for each in PASSES)
        try:
            return to_program(run_passes(graph, (*common, *passes)), largest_sum)
        except SumPoolError as error:
            if not largest_sum or error.pool in beyond:
                raise
            beyond.add(error.pool)


def in_floats(graph: Graph) -> bool:
    """Return whether some weights or neurons are on no chip's grid, so that there is no program."""
    return any(node.in_floats for node in graph.nodes)
