"""The target: facts about the chip, four pure functions, and the simulator that judges them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.chips.resources import Energy, LayerOperations, Placement
from neurodeploy.program import Program
from neurodeploy.sandbox import Environment
from neurodeploy.target import (
    Capabilities,
    ExampleNeuron,
    Finding,
    Simulation,
    chip_part,
    chosen_simulator,
)
from neurodeploy.target.steps import ArtifactSteps
from neurodeploy.trace import Trace
from targets.xylo.check import accepted, check
from targets.xylo.chips import CHIPS, placement
from targets.xylo.compile import compile_program
from targets.xylo.examples import EXAMPLES
from targets.xylo.format import CHANNELS, LARGEST, MOST_EVENTS, SHIFTS, WEIGHTS
from targets.xylo.neuron import MOST_HIDDEN
from targets.xylo.proving import steps_in
from targets.xylo.read import read_artifact, specification_in
from targets.xylo.simulators.simulate import XYLOSIM, Run, run_xylosim


class Xylo:
    """SynSense's Xylo Audio 2 and 3."""

    name = "xylo"
    capabilities = Capabilities(
        title="Xylo Audio 2 and 3 (a specification for Rockpool)",
        layers=("dense", "loops of a hidden layer"),
        neurons=(f"XyloHidden, 0 to {MOST_HIDDEN} spikes a step", "XyloOutput, at the end"),
        limits={
            "weights": f"{WEIGHTS.minimum}..{WEIGHTS.maximum}",
            "states": "16 bits, saturating",
            "decays": f"2^-k, k from {SHIFTS.minimum} to {SHIFTS.maximum}",
            "threshold": f"1..{LARGEST}",
            "input": f"{CHANNELS} channels of 0 to {MOST_EVENTS} events a step",
            "size": "; ".join(
                f"{chip.name}: {chip.hidden} hidden, {chip.outputs} outputs" for chip in CHIPS
            ),
            "structure": "one chain of at least two layers",
        },
    )
    examples: Mapping[str, ExampleNeuron | Program] = EXAMPLES
    simulators: Mapping[str, Environment] = {XYLOSIM.name: XYLOSIM}

    def check(self, program: Program) -> tuple[Finding, ...]:
        """Return what the chip cannot take of a program, or would compute otherwise."""
        return check(chip_part(program))

    def placements(self, program: Program) -> tuple[Placement, ...]:
        """Return what the program takes of each chip."""
        layers = accepted(chip_part(program))
        return tuple(placement(layers, chip) for chip in CHIPS)

    def energies(self, operations: Sequence[LayerOperations]) -> tuple[Energy, ...]:
        """Return nothing: there are no published figures for an operation."""
        return ()

    def compile(self, program: Program) -> Artifact:
        """Return the specification of a program that `check` accepts."""
        return compile_program(program)

    def read(self, artifact: Artifact) -> Program:
        """Return the program that a specification means."""
        return read_artifact(artifact)

    def steps(self, artifact: Artifact) -> ArtifactSteps:
        """Return the chip's documented steps, with the numbers of a specification."""
        return steps_in(artifact)

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """Return xylosim's trace of samples (T, N, channels).

        Raises:
            UnknownNameError: if there is no such simulator.
            SimulatorError: if it is missing or fails.
        """
        chosen_simulator(self, simulator)
        program = chip_part(self.read(artifact))
        (trace,) = run_xylosim([Run(specification_in(artifact), program, samples)], simulation)
        return trace


target = Xylo()
