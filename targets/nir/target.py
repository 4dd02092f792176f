"""The target: four pure functions, and the simulator that checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.graph import ForeignGraph, Graph
from neurodeploy.program import Program
from neurodeploy.sandbox import Environment
from neurodeploy.target import (
    Capabilities,
    ExampleNeuron,
    Finding,
    Option,
    Simulation,
    chosen_simulator,
)
from neurodeploy.trace import Trace
from targets.nir.capabilities import CAPABILITIES, TIME_STEP
from targets.nir.check import check
from targets.nir.compile import compile_program
from targets.nir.examples import EXAMPLES
from targets.nir.floats.artifact import check_graph, compile_graph, holds_floats, open_graph
from targets.nir.floats.run import GraphRun, run_graph
from targets.nir.foreign.profiles import SPEC, profile_named
from targets.nir.foreign.target import OPTIONS, is_foreign, read_foreign
from targets.nir.read import open_file
from targets.nir.simulators.receivers.foreign import judged
from targets.nir.simulators.receivers.run import (
    RECEIVERS,
    FrameworkRun,
    answered,
    of_program,
    program_trace,
)
from targets.nir.simulators.runs import file_run
from targets.nir.simulators.simulate import REFERENCE, compared_run, run_files


class Nir:
    """NIR, the Neuromorphic Intermediate Representation."""

    name = "nir"
    capabilities: Capabilities = CAPABILITIES
    examples: Mapping[str, ExampleNeuron | Program] = EXAMPLES
    simulators: Mapping[str, Environment] = {REFERENCE.name: REFERENCE, **RECEIVERS}
    # Frameworks that read NIR, each in its own way, so that they may compute something else.
    receivers: frozenset[str] = frozenset(RECEIVERS)
    reading_options: Mapping[str, Option] = OPTIONS

    def check(self, program: Program) -> tuple[Finding, ...]:
        """Return what NIR cannot carry, and what receivers would change."""
        return check(program)

    def compile(self, program: Program, *, dt: str = TIME_STEP) -> Artifact:
        """Return the .nir file of a program that `check` accepts, and its golden vectors."""
        return compile_program(program, dt)

    def read(self, artifact: Artifact) -> Program:
        """Return the program in a file of ours.

        Raises:
            ArtifactError: if it is not a file of ours, is damaged, or was edited.
        """
        return open_file(artifact).program

    def check_graph(self, graph: Graph) -> tuple[Finding, ...]:
        """Return what NIR cannot carry of a float network, and that it is not exact."""
        return check_graph(graph)

    def compile_graph(self, graph: Graph, *, dt: str = TIME_STEP) -> Artifact:
        """Return the .nir file of a float network, marked as not exact."""
        return compile_graph(graph, dt)

    def holds_floats(self, artifact: Artifact) -> bool:
        """Return whether a file of ours contains a float network."""
        return holds_floats(artifact)

    def read_graph(self, artifact: Artifact) -> Graph:
        """Return the float network in a file of ours.

        Raises:
            ArtifactError: if it is not a file of ours, is damaged, or was edited.
        """
        return open_graph(artifact)[0]

    def is_foreign(self, artifact: Artifact) -> bool:
        """Return whether an artifact is a bare .nir file that was not written by export."""
        return is_foreign(artifact)

    def foreign_graph(
        self,
        artifact: Artifact,
        *,
        dt: float | None = None,
        profile: str | None = None,
        **options: Any,
    ) -> ForeignGraph:
        """Return the network in another writer's file, by one of the readings of NIR.

        Raises:
            ArtifactError: if the file is damaged, or makes no sense; names the node.
            ValidationError: if the file does not say what it needs; names the option that does.
            UnsupportedLayerError: if the reading, or our network, has no such node.
        """
        return read_foreign(artifact, dt=dt, profile=profile, options=options)

    def reading_name(self, profile: str | None) -> str:
        """Return the name of a reading in reports."""
        return f"profile {profile_named(profile or SPEC).name}"

    def reader_of(self, profile: str | None) -> str:
        """Return the framework of a profile, or nir where none of ours is asked."""
        return REFERENCE.name if profile not in RECEIVERS else str(profile)

    def judge(
        self,
        artifact: Artifact,
        foreign: ForeignGraph,
        samples: NDArray[Any],
        simulator: str,
        simulation: Simulation,
    ) -> Trace:
        """Return what a framework computes of another writer's file, as it is.

        Raises:
            SimulatorScopeError: if it refuses the file; has its own words.
            SimulatorError: if it is missing or its process fails.
        """
        return judged(artifact, foreign, samples, simulator, simulation)

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """Return what a reading of the file computes from samples (T, N, ...) in float32.

        Raises:
            UnknownNameError: if there is no such simulator.
            SimulatorScopeError: if floats do not compute the program's integers.
            SimulatorError: if nir reads another network, is missing or fails.
        """
        name = chosen_simulator(self, simulator)
        how = simulation or Simulation()
        if holds_floats(artifact):
            return _floats(name, artifact, samples, how)
        if name in RECEIVERS:
            run = file_run(artifact, samples)
            return program_trace(run, answered(name, of_program(run), how))
        (trace,) = run_files([file_run(artifact, samples)], how)
        return trace

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
        """Return the golden trace and the simulator's, or nir's sums if leaks are rounded.

        Raises:
            UnknownNameError: if there is no such simulator.
            SimulatorError: if nir reads another network, is missing or fails.
        """
        if holds_floats(artifact):
            return golden, _floats(simulator, artifact, samples, simulation)
        if chosen_simulator(self, simulator) in RECEIVERS:
            run = file_run(artifact, samples)
            sent = answered(simulator, of_program(run), simulation)
            return golden, program_trace(run, sent)
        return compared_run(file_run(artifact, samples), golden, simulation)


def _floats(
    simulator: str, artifact: Artifact, samples: NDArray[Any], simulation: Simulation
) -> Trace:
    """Return nir's trace of a float network, or a framework's.

    Raises:
        SimulatorScopeError: if a framework refuses it; has its own words.
    """
    if simulator not in RECEIVERS:
        return run_graph(artifact, samples, simulation)
    run = GraphRun.of(artifact, samples)
    framework = FrameworkRun(run.content, run.dt, run.samples, run.nodes)
    return run.trace([{"s": each} for each in answered(simulator, framework, simulation)])


target = Nir()
