"""The target: four pure functions, and the simulators that check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.sandbox import Environment
from neurodeploy.target import Capabilities, Finding, LiveRun, Simulation, chosen_simulator
from neurodeploy.target.steps import ArtifactSteps
from neurodeploy.trace import Trace
from targets.onnx.capabilities import CAPABILITIES
from targets.onnx.check import check, check_graph
from targets.onnx.compile import compile_graph, compile_program
from targets.onnx.forms.forms import Choices, GraphForm
from targets.onnx.proving.steps import steps_in
from targets.onnx.read import open_file
from targets.onnx.simulators.live import LiveGraph
from targets.onnx.simulators.simulate import ONNXRUNTIME, REFERENCE, FileRun, run_files


class Onnx:
    """ONNX files of integer operations, for onnxruntime and other runtimes."""

    name = "onnx"
    capabilities: Capabilities = CAPABILITIES
    simulators: Mapping[str, Environment] = {each.name: each for each in (ONNXRUNTIME, REFERENCE)}

    def check(self, program: Program) -> tuple[Finding, ...]:
        """Return what a graph of integers cannot hold."""
        return check(program)

    def compile(
        self,
        program: Program,
        *,
        form: str = "scan",
        steps: int = 16,
        functions: bool = True,
        trace: bool = False,
    ) -> Artifact:
        """Return the .onnx file of a program that `check` accepts."""
        return compile_program(program, _choices(form, steps, functions, trace))

    def read(self, artifact: Artifact) -> Program:
        """Return the program in a file of ours.

        Raises:
            ArtifactError: if it is not a file of ours, is damaged, or was edited.
        """
        network = open_file(artifact).network
        if isinstance(network, Graph):
            raise ArtifactError(
                f"{artifact.path}: holds a network in floats, which is not a program",
                remedy="verify or run it, or quantize the model and export it again",
            )
        return network

    def steps(self, artifact: Artifact) -> ArtifactSteps:
        """Return the steps that the file's own nodes compute.

        Raises:
            ArtifactError: if it is not a file of ours, is damaged, or holds floats.
        """
        return steps_in(open_file(artifact), artifact)

    def check_graph(self, graph: Graph) -> tuple[Finding, ...]:
        """Return what the file cannot hold of a float network, and that it is not exact."""
        return check_graph(graph)

    def compile_graph(
        self,
        graph: Graph,
        *,
        form: str = "scan",
        steps: int = 16,
        functions: bool = True,
        trace: bool = False,
    ) -> Artifact:
        """Return the .onnx file of a float network, marked as not exact."""
        return compile_graph(graph, _choices(form, steps, functions, trace))

    def holds_floats(self, artifact: Artifact) -> bool:
        """Return whether a file of ours contains a float network."""
        return open_file(artifact).is_in_floats

    def read_graph(self, artifact: Artifact) -> Graph:
        """Return the float network in a file of ours.

        Raises:
            ArtifactError: if it holds a program, is not a file of ours, is damaged, or was edited.
        """
        network = open_file(artifact).network
        if isinstance(network, Graph):
            return network
        raise ArtifactError(f"{artifact.path}: holds a program of integers, and no floats")

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """Return a runtime's trace of the samples (T, N, ...).

        Raises:
            UnknownNameError: if there is no such simulator.
            SimulatorError: if it is missing or fails.
        """
        environment = self.simulators[chosen_simulator(self, simulator)]
        run = FileRun(open_file(artifact), samples)
        (trace,) = run_files([run], environment, simulation or Simulation())
        return trace

    @property
    def live_simulators(self) -> tuple[str, ...]:
        """The runtimes, which step a graph of one step."""
        return tuple(self.simulators)

    def live(self, program: Program, simulator: str, streams: int) -> LiveRun:
        """Return a runtime before the first step of a program, as a graph of one step.

        Raises:
            UnknownNameError: if there is no such simulator.
            SimulatorError: if it is missing or fails.
        """
        environment = self.simulators[chosen_simulator(self, simulator)]
        opened = open_file(self.compile(program, form="step"))
        return LiveGraph(opened, environment, streams)


def _choices(form: str, steps: int, functions: bool, trace: bool) -> Choices:
    """Return the choices; one without meaning in a form does not change its file."""
    kind = GraphForm(form)
    written_out = {"steps": steps} if kind == GraphForm.UNROLLED else {}
    return Choices(kind, functions=functions, trace=trace and kind == GraphForm.SCAN, **written_out)


target = Onnx()
