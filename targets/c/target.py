"""The target: four pure functions, and the simulators that check them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.chips.resources import Emulation, Energy, LayerOperations, Placement
from neurodeploy.errors import UnknownNameError
from neurodeploy.program import Program
from neurodeploy.sandbox import Environment, State, status
from neurodeploy.target import (
    BuiltIn,
    Capabilities,
    Finding,
    LiveRun,
    Simulation,
    chip_part,
    chosen_simulator,
)
from neurodeploy.target.steps import ArtifactSteps
from neurodeploy.trace import Trace
from targets.c.capabilities import CAPABILITIES
from targets.c.check import check, network_of
from targets.c.compile import compile_program
from targets.c.placement import placement
from targets.c.proving.steps import steps_in
from targets.c.read import open_network, read_artifact
from targets.c.simulators.emulate import TITLES, emulation_of
from targets.c.simulators.simulate import JUDGES, ZIG, host_compiler, run


class C:
    """Plain C99 for any processor."""

    name = "c"
    # An emulated processor takes a quarter of a second for a sample.
    demo_samples = 24
    capabilities: Capabilities = CAPABILITIES
    simulators: Mapping[str, Environment | BuiltIn] = {
        name: judge.description for name, judge in JUDGES.items()
    }

    def check(self, program: Program) -> tuple[Finding, ...]:
        """Return what C of 64 bits cannot hold."""
        return check(chip_part(program))

    def compile(
        self, program: Program, *, form: str = "auto", flash: str = "any", ram: str = "any"
    ) -> Artifact:
        """Return the folder of C of a program that `check` accepts."""
        return compile_program(program, form, flash, ram)

    def read(self, artifact: Artifact) -> Program:
        """Return the program in a folder of ours.

        Raises:
            ArtifactError: if it is not of ours, is damaged, or was edited.
        """
        return read_artifact(artifact)

    def placements(self, program: Program) -> tuple[Placement, ...]:
        """Return the memory that the program takes of a usual microcontroller."""
        return (placement(network_of(chip_part(program), True)),)

    def energies(self, operations: Sequence[LayerOperations]) -> tuple[Energy, ...]:
        """Return nothing: nobody publishes what an operation of a microcontroller takes."""
        return ()

    @property
    def default_simulators(self) -> tuple[str, ...]:
        """This machine's compiler, or zig's without one; the emulated Cortex-M4 if it is there."""
        compiled = ("host",) if host_compiler() else ("zig",)
        emulated = ("cortex-m4",) if status(ZIG).state is State.INSTALLED else ()
        return compiled + emulated

    def steps(self, artifact: Artifact) -> ArtifactSteps:
        """Return the steps that the functions in network.c compute.

        Raises:
            ArtifactError: if the text is not ours, is damaged, or has what proofs do not read.
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
        """Return the trace of the samples (T, N, ...) from the compiled text.

        Raises:
            UnknownNameError: if there is no such simulator.
            SimulatorError: if a compiler or an emulator is missing, or fails.
        """
        judge = JUDGES[chosen_simulator(self, simulator)]
        return run(judge, artifact, open_network(artifact), samples, simulation or Simulation())

    @property
    def processors(self) -> Sequence[str]:
        """The processors that are emulated."""
        return tuple(TITLES)

    def emulation(
        self, artifact: Artifact, processor: str, progress: Callable[[str], None] | None = None
    ) -> Emulation:
        """Return what an artifact takes of an emulated processor.

        Raises:
            UnknownNameError: if there is no such processor.
            SimulatorError: if the emulator is missing, or fails.
        """
        if processor not in TITLES:
            listed = ", ".join(TITLES)
            raise UnknownNameError(f"no processor {processor!r} is emulated; there are {listed}")
        return emulation_of(artifact, open_network(artifact), processor, progress)

    @property
    def live_simulators(self) -> tuple[str, ...]:
        """This machine's compiler, whose code steps in this process."""
        return ("host",)

    def live(self, program: Program, simulator: str, streams: int) -> LiveRun:
        """Return the compiled network before its first step.

        Raises:
            UnknownNameError: if there is no such simulator.
            SimulatorError: if there is no compiler.
        """
        chosen_simulator(self, simulator)
        # The compiler stands among the kernels, which need torch.
        from targets.c.simulators.live import LiveC

        return LiveC(network_of(chip_part(program), True), streams)


target = C()
