"""The program of a graph for a target, whose own passes run after those of all."""

from __future__ import annotations

from neurodeploy import lowering
from neurodeploy.errors import DoesNotFitError
from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.target.findings import Finding, Severity
from neurodeploy.target.protocol import ExtendsLowering, RestructuresPrograms, Target


def lowered(graph: Graph, chip: Target) -> Program:
    """Return the integer program of a graph for a target, in the structure of its files.

    Raises:
        DoesNotFitError: if a layer has no exact integer form; names it.
        PassError: if a pass changed something that it does not declare.
    """
    return restructured(as_built(graph, chip), chip)


def as_built(graph: Graph, chip: Target) -> Program:
    """Return the integer program of a graph for a target, in the structure of the network.

    Raises:
        DoesNotFitError: if a layer has no exact integer form; names it.
        PassError: if a pass changed something that it does not declare.
    """
    passes = chip.passes if isinstance(chip, ExtendsLowering) else ()
    return lowering.lower(graph, passes, largest_sum=chip.capabilities.largest_sum)


def fitted(program: Program, chip: Target) -> tuple[Program, tuple[Finding, ...]]:
    """Return a program in a target's structure, and all that the target finds wrong with it."""
    try:
        form = restructured(program, chip)
    except DoesNotFitError as error:
        name, _, message = error.message.partition(": ")
        return program, (Finding(Severity.ERROR, name, message, error.remedy),)
    return form, chip.check(form)


def restructured(program: Program, chip: Target) -> Program:
    """Return a program in the structure that a target's files hold.

    Raises:
        DoesNotFitError: if it has no such structure; names the layer.
    """
    return chip.restructured(program) if isinstance(chip, RestructuresPrograms) else program
