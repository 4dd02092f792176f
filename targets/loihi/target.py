"""The target: four pure functions, and the simulators that check them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.chips.resources import Energy, Latency, LayerOperations, Placement
from neurodeploy.program import Program
from neurodeploy.sandbox import Environment
from neurodeploy.target import (
    Capabilities,
    ExampleNeuron,
    Finding,
    Simulation,
    chip_part,
    chosen_simulator,
    on_chip_part,
)
from neurodeploy.target.steps import ArtifactSteps
from neurodeploy.trace import LayerTrace, Trace
from targets.loihi.branches import as_chain
from targets.loihi.check import check
from targets.loihi.chip.capabilities import CAPABILITIES
from targets.loihi.chip.chips import CHIPS
from targets.loihi.chip.energy import energy, latency
from targets.loihi.chip.placement import crossings, placement
from targets.loihi.compile import compile_program
from targets.loihi.examples import EXAMPLES
from targets.loihi.file.same import file_difference
from targets.loihi.host import lava_run
from targets.loihi.neurons.integrator import shown
from targets.loihi.neurons.table import require_determined
from targets.loihi.proving.steps import steps_in
from targets.loihi.read import read_artifact
from targets.loihi.simulators.judges import BRIAN, NENGO, JudgedRun, run_judge
from targets.loihi.simulators.simulate import LAVA, run_lava


class Loihi:
    """Intel's Loihi, through Lava."""

    name = "loihi"
    capabilities: Capabilities = CAPABILITIES
    examples: Mapping[str, ExampleNeuron | Program] = EXAMPLES
    simulators: Mapping[str, Environment] = {each.name: each for each in (LAVA, NENGO, BRIAN)}

    def check(self, program: Program) -> tuple[Finding, ...]:
        """Return what the chip or its loader cannot accept, or would change."""
        return check(chip_part(program))

    def restructured(self, program: Program) -> Program:
        """Return a program with branches as a chain of layers."""
        return on_chip_part(program, as_chain)

    def placements(self, program: Program) -> tuple[Placement, ...]:
        """Return the program on the cores of each chip."""
        return tuple(placement(chip_part(program), chip) for chip in CHIPS)

    def crossings(self, program: Program, placed: Placement) -> Mapping[str, NDArray[np.int64]]:
        """Return for each layer to how many cores of other chips each of its neurons sends."""
        return crossings(chip_part(program), placed)

    def energies(self, operations: Sequence[LayerOperations]) -> tuple[Energy, ...]:
        """Return the estimated energy of one sample's operations, by published figures."""
        return energy(operations)

    def latencies(
        self, placements: Sequence[Placement], operations: Sequence[LayerOperations]
    ) -> tuple[Latency, ...]:
        """Return the estimated time of a step, by published figures."""
        return latency(placements, operations)

    def compile(self, program: Program) -> Artifact:
        """Return the .net file of a program that `check` accepts."""
        return compile_program(program)

    def read(self, artifact: Artifact) -> Program:
        """Return the program in a .net file, ours or another's."""
        return read_artifact(artifact)

    def steps(self, artifact: Artifact) -> ArtifactSteps:
        """Return the steps that Lava computes of a file's numbers."""
        return steps_in(artifact)

    def file_difference(self, name: str, expected: bytes, content: bytes) -> str | None:
        """Return where two .net files differ, or None if a loader reads the same values."""
        return file_difference(expected, content)

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """Return the trace of samples (T, N, ...) by Lava, or by an emulator of the chip.

        Raises:
            UnknownNameError: if there is no such simulator.
            SimulatorScopeError: if it does not support what the network needs.
            SimulatorError: if it is missing or fails.
        """
        chosen = chosen_simulator(self, simulator)
        options = simulation or Simulation()
        program = chip_part(self.read(artifact))
        if chosen != LAVA.name:
            judge = self.simulators[chosen]
            return run_judge(judge, [JudgedRun(program, samples)], options)[0]
        run = lava_run(artifact, samples)
        require_determined(run.net)
        runs = [run]
        (layers,) = run_lava(
            runs, limits=options.limits, jobs=options.jobs, progress=options.progress
        )
        named = zip(program.layers, layers, strict=True)
        traces = {node.name: LayerTrace(shown(node, values)) for node, values in named}
        return Trace(traces, program.output)


target = Loihi()
