"""A network on its way to a target: traced, lowered and checked once, and passed on whole."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from neurodeploy import lowering
from neurodeploy.data.files import digest_of
from neurodeploy.errors import DoesNotFitError
from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.target import (
    Finding,
    Price,
    TakesFloats,
    Target,
    as_built,
    lowered,
    price_of,
    require_fits,
    target,
)


@dataclass(frozen=True)
class Lowered:
    """A torch network, its graph, and what follows from it for a target; each is computed once."""

    network: Any
    graph: Graph
    chip: Target
    # The file that the network was loaded from, if it was.
    model_file: str | os.PathLike[str] | None = None

    @cached_property
    def program(self) -> Program | Graph:
        """The form that the target accepts: the program, or the graph if it is in floats.

        Raises:
            DoesNotFitError: if a layer is not quantized, and the target takes no floats; its remedy
                is the next command.
        """
        if not lowering.in_floats(self.graph):
            return lowered(self.graph, self.chip)
        if isinstance(self.chip, TakesFloats):
            return self.graph
        try:
            return lowered(self.graph, self.chip)
        except DoesNotFitError as error:
            raise DoesNotFitError(error.message, remedy=self._quantize()) from error

    def _quantize(self) -> str:
        """Return the line that puts this network on the target's grid."""
        if self.model_file is None:
            return f'quant.prepare(network, target="{self.chip.name}", example=x)'
        return next_command(self.model_file, self.chip.name)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The target's warnings.

        Raises:
            DoesNotFitError: if it refuses the network; lists the reasons, with remedies.
        """
        return checked(self.program, self.chip)

    @cached_property
    def price(self) -> Price | None:
        """The price of the target's structure, if the network has another."""
        if isinstance(self.program, Graph):
            return None
        if all(node.parts is None for node in self.program.layers):
            return None
        return price_of(as_built(self.graph, self.chip), self.program, self.chip)

    @cached_property
    def model_sha256(self) -> str | None:
        """The hash of the network's file."""
        return None if self.model_file is None else digest_of(Path(self.model_file))


def next_command(model: str | os.PathLike[str], name: str) -> str:
    """Return the command that puts a model in floats on a target's grid."""
    words = ["neurodeploy", "quantize", os.fspath(model), "--target", name]
    return shlex.join([*words, "--samples", "samples.npz"])


def lowered_for(
    name: str,
    network: Any,
    *,
    example: Any = None,
    model_file: str | os.PathLike[str] | None = None,
) -> Lowered:
    """Return a torch network, traced for the target of that name.

    Raises:
        UnsupportedLayerError: if a layer cannot be part of a graph.
        UnknownNameError: if no such target is installed.
    """
    # torch is imported only if a torch network is given.
    from neurodeploy.frontend import graph_of

    return Lowered(network, graph_of(network, example=example), target(name), model_file)


def checked(program: Program | Graph, chip: Target) -> tuple[Finding, ...]:
    """Return a target's warnings about a program, or about a graph in floats.

    Raises:
        DoesNotFitError: if the target refuses it; lists the reasons, with remedies.
    """
    if isinstance(program, Graph):
        findings = float_target(chip).check_graph(program)
    else:
        findings = chip.check(program)
    require_fits(chip.name, findings)
    return findings


def float_target(chip: Target) -> TakesFloats:
    """Return the target, if it accepts float networks.

    Raises:
        DoesNotFitError: if it does not.
    """
    if isinstance(chip, TakesFloats):
        return chip
    raise DoesNotFitError(
        f"{chip.name} takes no network in floats", remedy="quantize it (quant.prepare)"
    )
