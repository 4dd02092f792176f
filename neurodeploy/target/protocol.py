"""The protocols of a target: four pure functions, and optional abilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.chips.resources import (
    Emulation,
    Energy,
    Latency,
    LayerOperations,
    NeuroBench,
    OnChip,
    Placement,
    Synthesis,
)
from neurodeploy.errors import (
    ValidationError,
)
from neurodeploy.graph import ForeignGraph, Graph
from neurodeploy.lowering import Pass
from neurodeploy.program import Program
from neurodeploy.sandbox import Environment, Limits
from neurodeploy.target.capabilities import Capabilities, Option
from neurodeploy.target.examples import ExampleNeuron
from neurodeploy.target.findings import Finding
from neurodeploy.target.steps import ArtifactSteps
from neurodeploy.trace import Trace


@dataclass(frozen=True)
class BuiltIn:
    """A simulator that is the target's own code, so that nothing has to be installed."""

    name: str
    title: str


@dataclass(frozen=True)
class Simulation:
    """The settings of a simulator's run."""

    limits: Limits | None = None
    jobs: int = 1
    progress: Callable[[str], None] | None = None


@runtime_checkable
class Target(Protocol):
    """A chip or a format, which a package provides under the entry-point group."""

    name: str
    capabilities: Capabilities
    # The simulators that run this target's artifacts: the first by default (ChoosesSimulators).
    simulators: Mapping[str, Environment | BuiltIn]

    def check(self, program: Program) -> tuple[Finding, ...]:
        """Return what the target cannot accept in the program, or would change."""

    def compile(self, program: Program, **options: Any) -> Artifact:
        """Return the artifact of an accepted program; a target without options takes none."""

    def read(self, artifact: Artifact) -> Program:
        """Return the program in an artifact's files, including files that we did not write."""

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """Return a vendor's simulator's trace of the samples (T, N, ...)."""


@runtime_checkable
class ChoosesSimulators(Protocol):
    """An optional ability: several simulators run by default."""

    @property
    def default_simulators(self) -> tuple[str, ...]:
        """The simulators that verify runs by default; all of them can run here."""


class LiveRun(Protocol):
    """A simulator in the middle of streams, which takes them one step at a time."""

    def advance(self, row: NDArray[Any]) -> NDArray[Any]:
        """Return what the last layer sends in the next step, given the program's integers.

        Both are (N, ...). The decoder at a program's end may be left to the host.
        """

    @property
    def shown(self) -> Mapping[str, Mapping[str, NDArray[Any]]]:
        """By layer, what it sent in the last step (`s`) and its states after it, (N, ...)."""

    def reset(self) -> None:
        """Start all streams anew."""

    def close(self) -> None:
        """End the simulator."""


@runtime_checkable
class RunsLive(Protocol):
    """An optional ability: simulators that take input one step at a time."""

    @property
    def live_simulators(self) -> tuple[str, ...]:
        """The names of these simulators."""

    def live(self, program: Program, simulator: str, streams: int) -> LiveRun:
        """Return a simulator of this target before the first step of a program it accepts."""


@runtime_checkable
class RunsSlowly(Protocol):
    """An optional ability, for a target whose simulators take long for a sample."""

    @property
    def demo_samples(self) -> int:
        """The samples of the demo that are run; other targets run them all."""


@runtime_checkable
class NamesReceivers(Protocol):
    """An optional ability, for a format that leaves open how a step is computed."""

    @property
    def receivers(self) -> frozenset[str]:
        """The simulators that read the format in their own way, so that they may differ."""


@runtime_checkable
class ComparesRuns(Protocol):
    """An optional ability, for a target with a simulator that cannot run arbitrary samples."""

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

        This is the run of the samples if possible; otherwise a run of as many steps as the
        simulator has, or of single layers.
        """


@runtime_checkable
class ComparesFiles(Protocol):
    """An optional ability: describe the difference of two files in the format's words."""

    def file_difference(self, name: str, expected: bytes, actual: bytes) -> str | None:
        """Return where two files differ, or None if a loader reads the same from both."""


@runtime_checkable
class ShowsSteps(Protocol):
    """An optional ability: show the steps that an artifact's files compute, for proofs."""

    def steps(self, artifact: Artifact) -> ArtifactSteps:
        """Return each layer's step as the files state it, also of an edited artifact."""


@runtime_checkable
class BringsExamples(Protocol):
    """An optional part of a target: networks for the conformance kit, in its own numbers."""

    @property
    def examples(self) -> Mapping[str, ExampleNeuron | Program]:
        """Return neurons, of which the kit builds networks, and whole networks, by name.

        The first neurons get a network of every structure, the others one of dense layers.
        """


@runtime_checkable
class KnowsChips(Protocol):
    """An optional ability, for a target that knows the resources of its chips."""

    def placements(self, program: Program) -> tuple[Placement, ...]:
        """Return the program's placement on each chip, or why it does not fit."""

    def energies(self, operations: Sequence[LayerOperations]) -> tuple[Energy, ...]:
        """Return the energy of one sample's operations, by published figures."""


@runtime_checkable
class KnowsBoards(Protocol):
    """An optional ability, for a target whose networks may be spread over several chips."""

    def crossings(self, program: Program, placed: Placement) -> Mapping[str, NDArray[np.int64]]:
        """Return for each layer to how many cores of other chips each of its neurons sends."""


@runtime_checkable
class KnowsTimes(Protocol):
    """An optional ability, for a target that knows how long its chips' operations take."""

    def latencies(
        self, placements: Sequence[Placement], operations: Sequence[LayerOperations]
    ) -> tuple[Latency, ...]:
        """Return the time of a step on chips where the network fits, by published figures."""


@runtime_checkable
class Synthesizes(Protocol):
    """An optional ability, for hardware as text: tell what it takes of a programmable part."""

    @property
    def parts(self) -> Sequence[str]:
        """The names of the parts."""

    @property
    def tools(self) -> Mapping[str, Environment]:
        """The environments of the tools, which are installed like simulators."""

    def synthesis(
        self, artifact: Artifact, part: str, progress: Callable[[str], None] | None = None
    ) -> Synthesis:
        """Return the cells, the clock and the cycles of an artifact on a part."""


@runtime_checkable
class Emulates(Protocol):
    """An optional ability, for text for processors: tell what it takes of an emulated one."""

    @property
    def processors(self) -> Sequence[str]:
        """The names of the processors."""

    def emulation(
        self, artifact: Artifact, processor: str, progress: Callable[[str], None] | None = None
    ) -> Emulation:
        """Return the memory and the instructions of an artifact on a processor."""


@runtime_checkable
class TakesFloats(Protocol):
    """An optional ability, for a target that accepts float networks."""

    def check_graph(self, graph: Graph) -> tuple[Finding, ...]:
        """Return what the target cannot accept of a float network."""

    def compile_graph(self, graph: Graph, **options: Any) -> Artifact:
        """Return the artifact of a float network, marked as not exact."""

    def holds_floats(self, artifact: Artifact) -> bool:
        """Return whether an artifact contains a float network."""

    def read_graph(self, artifact: Artifact) -> Graph:
        """Return the float network in an artifact's files."""


@runtime_checkable
class ReadsForeignFiles(Protocol):
    """An optional ability: read files of the format that others wrote, as networks in floats."""

    @property
    def reading_options(self) -> Mapping[str, Option]:
        """The choices that such a file leaves open, besides the time step and the profile."""

    def is_foreign(self, artifact: Artifact) -> bool:
        """Return whether an artifact is a bare file of another writer."""

    def foreign_graph(
        self,
        artifact: Artifact,
        *,
        dt: float | None = None,
        profile: str | None = None,
        **options: Any,
    ) -> ForeignGraph:
        """Return the network in such a file; `dt` is the seconds of a step."""


@runtime_checkable
class JudgesForeignFiles(ReadsForeignFiles, Protocol):
    """An optional ability: run such a file as it is in the simulators that read it too."""

    def reading_name(self, profile: str | None) -> str:
        """Return the name of a reading in reports."""

    def reader_of(self, profile: str | None) -> str:
        """Return the simulator that is asked by default: the one that the reading is of."""

    def judge(
        self,
        artifact: Artifact,
        foreign: ForeignGraph,
        samples: NDArray[Any],
        simulator: str,
        simulation: Simulation,
    ) -> Trace:
        """Return what a simulator computes of the very file, layer by layer of our network."""


@runtime_checkable
class ExtendsLowering(Protocol):
    """An optional ability, for a target whose programs need additional passes."""

    @property
    def passes(self) -> Sequence[Pass]:
        """The passes that run after the common ones, before a graph becomes its program."""


@runtime_checkable
class RestructuresPrograms(Protocol):
    """An optional ability, for a target whose files hold fewer structures than networks have."""

    def restructured(self, program: Program) -> Program:
        """Return a program of the files' structure with equal spikes, or the program as it is.

        Layers that the result holds within others are `Part`s of these.
        """


def on_chip(
    chip: object,
    program: Program,
    operations: tuple[LayerOperations, ...] = (),
    metrics: NeuroBench | None = None,
    spikes: Mapping[str, NDArray[np.float64]] | None = None,
) -> OnChip:
    """Return the program on the target's chips, without energy for a chip that it does not fit.

    With the spikes of each neuron for one sample, those that cross from chip to chip are counted.
    """
    if not isinstance(chip, KnowsChips):
        return OnChip(operations=operations, metrics=metrics)
    placements = chip.placements(program)
    if spikes is not None and isinstance(chip, KnowsBoards):
        placements = tuple(_with_spikes(chip, program, each, spikes) for each in placements)
    full = {placed.chip for placed in placements if not placed.fits}
    energies = chip.energies(operations) if operations else ()
    fitting = tuple(each for each in energies if each.chip not in full)
    latencies: tuple[Latency, ...] = ()
    if operations and isinstance(chip, KnowsTimes):
        latencies = chip.latencies(placements, operations)
    return OnChip(placements, operations, fitting, metrics, latencies)


def _with_spikes(
    chip: KnowsBoards,
    program: Program,
    placed: Placement,
    spikes: Mapping[str, NDArray[np.float64]],
) -> Placement:
    if placed.spread is None:
        return placed
    away = chip.crossings(program, placed)
    count = sum(float((cores * spikes[name]).sum()) for name, cores in away.items())
    return replace(placed, spread=replace(placed.spread, spikes=count))


def checked_options(chip: Target, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given options, each in its type.

    Raises:
        ValidationError: if the target has no such option, or a value does not fit.
    """
    known_options = chip.capabilities.options
    for name in options:
        if name not in known_options:
            listed = ", ".join(known_options) or "none"
            raise ValidationError(f"{chip.name} has no option {name!r}; there are: {listed}")
    return {name: known_options[name].value(name, value) for name, value in options.items()}
