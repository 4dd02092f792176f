"""The target: four pure functions, and the simulators that check them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.chips.resources import Synthesis
from neurodeploy.program import Program
from neurodeploy.sandbox import Environment, State, status
from neurodeploy.target import (
    BuiltIn,
    Capabilities,
    Finding,
    Simulation,
    chip_part,
    chosen_simulator,
)
from neurodeploy.target.steps import ArtifactSteps
from neurodeploy.trace import Trace
from targets.rtl.capabilities import CAPABILITIES
from targets.rtl.check import check
from targets.rtl.compile import compile_program
from targets.rtl.proving.steps import steps_in
from targets.rtl.read import open_network, read_artifact
from targets.rtl.simulators.simulate import ICARUS, JUDGES, VERILATOR, run
from targets.rtl.synthesis.parts import PARTS
from targets.rtl.synthesis.synthesize import YOSYS, part_named, synthesis_of


class Rtl:
    """Synthesizable Verilog-2001 for any FPGA."""

    name = "rtl"
    capabilities: Capabilities = CAPABILITIES
    simulators: Mapping[str, Environment | BuiltIn] = JUDGES
    # A simulated clock takes milliseconds for a step.
    demo_samples = 2

    def check(self, program: Program) -> tuple[Finding, ...]:
        """Return what this target does not write in Verilog."""
        return check(chip_part(program))

    def compile(self, program: Program) -> Artifact:
        """Return the folder of Verilog of a program that `check` accepts."""
        return compile_program(program)

    def read(self, artifact: Artifact) -> Program:
        """Return the program in a folder of ours.

        Raises:
            ArtifactError: if it is not of ours, is damaged, or was edited.
        """
        return read_artifact(artifact)

    @property
    def default_simulators(self) -> tuple[str, ...]:
        """Icarus, which starts at once; Verilator, which compiles first, where it is alone."""
        alone = status(VERILATOR).state is State.INSTALLED and (
            status(ICARUS).state is not State.INSTALLED
        )
        return ("verilator",) if alone else ("icarus",)

    def steps(self, artifact: Artifact) -> ArtifactSteps:
        """Return the steps that the modules in nd_top.v compute.

        Raises:
            ArtifactError: if the text is not ours, is damaged, or has what proofs do not read.
        """
        return steps_in(artifact)

    parts: Sequence[str] = tuple(PARTS)
    tools: Mapping[str, Environment] = {YOSYS.name: YOSYS}

    def synthesis(
        self, artifact: Artifact, part: str, progress: Callable[[str], None] | None = None
    ) -> Synthesis:
        """Return what yosys, nextpnr and Icarus say of an artifact on a part.

        Raises:
            UnknownNameError: if there is no such part.
            SimulatorError: if the tools are missing, or fail.
        """
        part_named(part)
        return synthesis_of(artifact, open_network(artifact), part, progress)

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """Return the trace of the samples (T, N, ...) from the compiled text.

        Raises:
            UnknownNameError: if there is no such simulator.
            SimulatorError: if the simulator is missing, or fails.
        """
        judge = JUDGES[chosen_simulator(self, simulator)]
        return run(judge, artifact, open_network(artifact), samples, simulation or Simulation())


target = Rtl()
