"""The target: four pure functions and the simulators that judge them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import UnknownNameError
from neurodeploy.program import Program
from neurodeploy.target import BuiltIn, Capabilities, Finding, Simulation
from neurodeploy.trace import Trace
from targets.lynxi.capabilities import CAPABILITIES, STEPS
from targets.lynxi.check import check
from targets.lynxi.compile import compile_program
from targets.lynxi.read import read_artifact
from targets.lynxi.simulate import FLOAT16, INTERPRETER, run_float16, run_interpreter


class Lynxi:
    """Lynxi's KA200, by way of a package for the vendor's compiler."""

    name = "lynxi"
    capabilities: Capabilities = CAPABILITIES
    simulators: Mapping[str, BuiltIn] = {each.name: each for each in (INTERPRETER, FLOAT16)}

    def check(self, program: Program) -> tuple[Finding, ...]:
        """What the reduced modules cannot hold, and which layers are exact only in float32."""
        return check(program)

    def compile(self, program: Program, *, steps: int = STEPS) -> Artifact:
        """The package of a program that `check` accepts."""
        return compile_program(program, steps)

    def read(self, artifact: Artifact) -> Program:
        """The program that a package holds, ours or another's."""
        return read_artifact(artifact)

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """What a package's integers, or its reduced modules, make of the samples (T, N, ...).

        Raises:
            UnknownNameError: if there is no such simulator.
            ArtifactError: if the package cannot be read.
        """
        chosen = simulator or INTERPRETER.name
        if chosen not in self.simulators:
            known = ", ".join(self.simulators)
            raise UnknownNameError(f"no simulator {simulator!r} for lynxi; there are: {known}")
        run = run_float16 if chosen == FLOAT16.name else run_interpreter
        return run(artifact, samples)


target = Lynxi()
