"""The target: four pure functions, and the simulators that check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.program import Program
from neurodeploy.sandbox import Environment, State, status
from neurodeploy.target import (
    BuiltIn,
    Capabilities,
    ExampleNeuron,
    Finding,
    Simulation,
    chip_part,
    chosen_simulator,
)
from neurodeploy.target.steps import ArtifactSteps
from neurodeploy.trace import Trace
from targets.lynxi.capabilities import CAPABILITIES, STEPS
from targets.lynxi.check import check
from targets.lynxi.compile import compile_program
from targets.lynxi.examples import EXAMPLES
from targets.lynxi.proving.steps import steps_in
from targets.lynxi.read import read_artifact
from targets.lynxi.simulators.simulate import (
    FLOAT16,
    INTERPRETER,
    compared_run,
    run_float16,
    run_interpreter,
    run_vendor_file,
)
from targets.lynxi.simulators.vendor_files import ONNXRUNTIME, VENDOR_FILES


class Lynxi:
    """Lynxi's KA200, through a package for the vendor's compiler."""

    name = "lynxi"
    capabilities: Capabilities = CAPABILITIES
    examples: Mapping[str, ExampleNeuron | Program] = EXAMPLES
    simulators: Mapping[str, Environment | BuiltIn] = {
        **{each.name: each for each in (INTERPRETER, FLOAT16)},
        **{name: file.description() for name, file in VENDOR_FILES.items()},
    }

    @property
    def default_simulators(self) -> tuple[str, ...]:
        """All that can run here: onnxruntime's only if it is installed."""
        is_installed = status(ONNXRUNTIME).state is State.INSTALLED
        simulators = self.simulators.items()
        return tuple(name for name, each in simulators if is_installed or isinstance(each, BuiltIn))

    def check(self, program: Program) -> tuple[Finding, ...]:
        """Return what reduced modules cannot hold, and layers that are exact only in float32."""
        return check(chip_part(program))

    def compile(self, program: Program, *, steps: int = STEPS) -> Artifact:
        """Return the package of a program that `check` accepts."""
        return compile_program(program, steps)

    def read(self, artifact: Artifact) -> Program:
        """Return the program in a package, ours or another's."""
        return read_artifact(artifact)

    def steps(self, artifact: Artifact) -> ArtifactSteps:
        """Return the steps that the nodes of the package's module of one step compute.

        Raises:
            ArtifactError: if a file is damaged, or its nodes do not belong together.
        """
        return steps_in(artifact)

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """Return the trace of samples (T, N, ...) from a package's integers, modules or files.

        Raises:
            UnknownNameError: if there is no such simulator.
            ArtifactError: if the package cannot be read.
            SimulatorError: if a file cannot be run, or onnxruntime is missing.
        """
        chosen = chosen_simulator(self, simulator)
        if chosen in VENDOR_FILES:
            how = simulation or Simulation()
            return run_vendor_file(VENDOR_FILES[chosen], artifact, samples, how)
        run = run_float16 if chosen == FLOAT16.name else run_interpreter
        return run(artifact, samples)

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

        Raises:
            UnknownNameError: if there is no such simulator.
            ArtifactError: if the package cannot be read.
            SimulatorError: if a file cannot be run, or onnxruntime is missing.
        """
        file = VENDOR_FILES.get(chosen_simulator(self, simulator))
        if file is None:
            return golden, self.simulate(artifact, samples, simulator=simulator)
        return compared_run(file, artifact, chip_part(program), samples, golden, simulation)


target = Lynxi()
