"""The target: facts about the chip, and four functions that neurodeploy calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from mychip.check import LARGEST_WEIGHT, check
from mychip.file import compile_program, document_in, read_program
from mychip.neuron import EXAMPLES
from mychip.simulator import run
from neurodeploy.artifact import Artifact
from neurodeploy.program import Program
from neurodeploy.target import (
    BuiltIn,
    Capabilities,
    ExampleNeuron,
    Finding,
    Simulation,
    chosen_simulator,
)
from neurodeploy.trace import Trace


class Mychip:
    """The chip as neurodeploy sees it."""

    name = "mychip"
    capabilities = Capabilities(
        title="mychip (a JSON file)",
        layers=("dense",),
        neurons=("integrate and fire with hard reset",),
        limits={"weights": f"-{LARGEST_WEIGHT}..{LARGEST_WEIGHT}", "states": "16 bits, saturating"},
    )
    examples: Mapping[str, ExampleNeuron | Program] = EXAMPLES
    simulators: Mapping[str, BuiltIn] = {"python": BuiltIn("python", "the chip in plain Python")}

    def check(self, program: Program) -> tuple[Finding, ...]:
        """Return what the chip cannot take of a program."""
        return check(program)

    def compile(self, program: Program) -> Artifact:
        """Return the artifact of a program that `check` accepts."""
        return compile_program(program)

    def read(self, artifact: Artifact) -> Program:
        """Return the program that an artifact holds."""
        return read_program(artifact)

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """Return what the simulator makes of samples (T, N, inputs)."""
        chosen_simulator(self, simulator)
        self.read(artifact)
        return run(document_in(artifact), samples)


target = Mychip()
