"""The target: four pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import UnknownNameError
from neurodeploy.program import Program
from neurodeploy.sandbox import Environment
from neurodeploy.target import (
    Capabilities,
    ExampleNeuron,
    Finding,
    Simulation,
    chosen_simulator,
)
from neurodeploy.trace import Trace
from targets.nir.capabilities import CAPABILITIES, TIME_STEP
from targets.nir.check import check
from targets.nir.compile import compile_program
from targets.nir.examples import EXAMPLES
from targets.nir.read import read_artifact


class Nir:
    """NIR, the Neuromorphic Intermediate Representation."""

    name = "nir"
    capabilities: Capabilities = CAPABILITIES
    examples: Mapping[str, ExampleNeuron | Program] = EXAMPLES
    simulators: Mapping[str, Environment] = {}

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
        return read_artifact(artifact)

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """Return a simulator's trace of the samples (T, N, ...).

        Raises:
            UnknownNameError: if there is no such simulator.
        """
        raise UnknownNameError(f"no simulator {chosen_simulator(self, simulator)!r} for nir")


target = Nir()
