"""What a target provides: four pure functions, and what it may provide beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.chips.resources import Energy, LayerOperations, OnChip, Placement
from neurodeploy.errors import (
    ValidationError,
)
from neurodeploy.graph import Graph
from neurodeploy.lowering import Pass
from neurodeploy.program import Program
from neurodeploy.sandbox import Environment, Limits
from neurodeploy.target.capabilities import Capabilities
from neurodeploy.target.examples import ExampleNeuron
from neurodeploy.target.findings import Finding
from neurodeploy.trace import Trace


@dataclass(frozen=True)
class BuiltIn:
    """A simulator that is the target's own code: there is nothing to install."""

    name: str
    title: str


@dataclass(frozen=True)
class Simulation:
    """How a simulator is run."""

    limits: Limits | None = None
    jobs: int = 1
    progress: Callable[[str], None] | None = None


@runtime_checkable
class Target(Protocol):
    """What a package that adds a chip or a format provides under the entry-point group."""

    name: str
    capabilities: Capabilities
    # The simulators that run this target's artifacts: the first by default (ChoosesSimulators).
    simulators: Mapping[str, Environment | BuiltIn]

    def check(self, program: Program) -> tuple[Finding, ...]:
        """What the target cannot take of the program, or would change; empty if nothing."""

    def compile(self, program: Program, **options: Any) -> Artifact:
        """The artifact of a program that `check` accepts; a target without options takes none."""

    def read(self, artifact: Artifact) -> Program:
        """The program that an artifact's files hold, also one that we did not write."""

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """What a vendor's simulator makes of the samples (T, N, ...)."""


@runtime_checkable
class ChoosesSimulators(Protocol):
    """What a target may provide beside, where several simulators run unless one is named."""

    @property
    def default_simulators(self) -> tuple[str, ...]:
        """The simulators that verify runs when none is named; all of them can run here."""


@runtime_checkable
class ComparesRuns(Protocol):
    """What a target may provide beside, if a simulator of its cannot run samples as they come."""

    def compared_runs(
        self,
        artifact: Artifact,
        program: Program,
        samples: NDArray[Any],
        golden: Trace,
        *,
        simulator: str,
        simulation: Simulation,
    ) -> tuple[Trace, Trace]:
        """Return the golden trace and the simulator's trace of a run that the simulator can make.

        That is the run of the samples wherever it can make it; else one of as many steps as the
        simulator has, or of layers alone.
        """


@runtime_checkable
class ComparesFiles(Protocol):
    """What a target may provide beside, to say in its format's words how two files differ."""

    def file_difference(self, name: str, expected: bytes, found: bytes) -> str | None:
        """Return where two files differ; nothing if whoever loads them reads the same."""


@runtime_checkable
class BringsExamples(Protocol):
    """What a target may provide beside: networks for the conformance kit, in its own numbers."""

    @property
    def examples(self) -> Mapping[str, ExampleNeuron | Program]:
        """Return neurons, of which the kit builds networks, and whole networks, by name.

        The first neurons get a network of every structure, the others one of dense layers.
        """


@runtime_checkable
class KnowsChips(Protocol):
    """What a target may provide beside, where resources of its chips are known."""

    def placements(self, program: Program) -> tuple[Placement, ...]:
        """The program on the cores of each chip, or why there is no room."""

    def energies(self, operations: Sequence[LayerOperations]) -> tuple[Energy, ...]:
        """What the operations of one sample may take, by published figures."""


@runtime_checkable
class TakesFloats(Protocol):
    """What a target provides beside, if it takes networks that are not quantized."""

    def check_graph(self, graph: Graph) -> tuple[Finding, ...]:
        """What the target cannot take of a network in floats."""

    def compile_graph(self, graph: Graph, **options: Any) -> Artifact:
        """The artifact of a network in floats, marked as not exact."""

    def holds_floats(self, artifact: Artifact) -> bool:
        """Whether an artifact holds a network in floats."""

    def read_graph(self, artifact: Artifact) -> Graph:
        """The network in floats that an artifact's files hold."""


@runtime_checkable
class ExtendsLowering(Protocol):
    """What a target may provide beside, if its programs need passes of their own."""

    @property
    def passes(self) -> Sequence[Pass]:
        """The passes that run after those of all, before a graph becomes its program."""


def on_chip(
    known: Target, program: Program, operations: tuple[LayerOperations, ...] = ()
) -> OnChip:
    """What the target knows of the program on its chips; no energy of a chip without room."""
    if not isinstance(known, KnowsChips):
        return OnChip(operations=operations)
    placements = known.placements(program)
    full = {placed.chip for placed in placements if not placed.fits}
    energies = known.energies(operations) if operations else ()
    return OnChip(placements, operations, tuple(e for e in energies if e.chip not in full))


def checked_options(chip: Target, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are given, each in its type.

    Raises:
        ValidationError: if the target has none of that name, or a value does not fit.
    """
    known = chip.capabilities.options
    for name in given:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise ValidationError(f"{chip.name} has no option {name!r}; there are: {listed}")
    return {name: known[name].value(name, value) for name, value in given.items()}
