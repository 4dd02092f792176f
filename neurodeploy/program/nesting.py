"""How deep a neuron's equations are, for what walks them one call within the other."""

from __future__ import annotations

from neurodeploy.errors import DoesNotFitError
from neurodeploy.program.kinds import Neuron
from snncore.dynamics.check import nesting

MOST_NESTING = 128


def require_shallow(node: Neuron) -> None:
    """Check that no chain of a neuron's operations is too long to be walked.

    Raises:
        DoesNotFitError: otherwise; names the layer.
    """
    deepest = nesting(node.integer_equations.operations)
    if deepest > MOST_NESTING:
        raise DoesNotFitError(
            f"{node.name}: its equations are {deepest} operations deep, more than {MOST_NESTING}",
            remedy="keep a value in a state on the way, or make it several layers",
        )
