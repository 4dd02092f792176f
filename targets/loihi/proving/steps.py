"""The steps of a file's layers: Lava's formulas with the numbers of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.program import Neuron, Program
from neurodeploy.program.ranges import ranges
from neurodeploy.target import chip_part
from neurodeploy.target.steps import ArtifactSteps, ComputedStep, LayerStep, Leaves, SumBound
from snncore.dynamics.arithmetic.interval import ZERO
from snncore.dynamics.bits.circuit import Circuit
from snncore.dynamics.zoo.readout import CUBA_INTEGRATOR
from targets.loihi.chip.format import ADDER_BITS, NEVER
from targets.loihi.proving import formulas
from targets.loihi.proving.formulas import FORMULAS, Formula, Lava
from targets.loihi.read import read_artifact


def steps_in(artifact: Artifact) -> ArtifactSteps:
    """Return the steps that Lava computes of a file.

    Raises:
        ArtifactError: if the file is damaged, or holds what the simulation cannot run.
    """
    program = chip_part(read_artifact(artifact))
    layers, missing = {}, {}
    for node in program.layers:
        formula = _formula(node)
        if formula is None:
            missing[node.name] = f"no formula of Lava's is written here for {node.equations.name}"
        else:
            layers[node.name] = _step(node, formula)
    return ArtifactSteps(program, layers, _sums(program), missing)


def _formula(node: Neuron) -> Formula | None:
    kinds = (formula for kind, formula in FORMULAS if node.equations.same_computation(kind))
    return next(kinds, None)


def _step(node: Neuron, formula: Formula) -> LayerStep:
    # The loader's neurons that never fire, whose voltage is shown.
    shows_voltage = node.equations.same_computation(CUBA_INTEGRATOR)
    parameters: Mapping[str, Any] = {
        **node.parameters,
        **({"threshold": np.array(NEVER)} if shows_voltage else {}),
    }

    def compute(circuit: Circuit, leaves: Leaves) -> ComputedStep:
        inputs = {}
        for port, edges in node.drives.items():
            total = circuit.constant(0)
            for edge in edges:
                total = circuit.add(total, leaves.sources[edge])
            if "gain" in parameters and formula is formulas.lif:
                # The host multiplies before anything reaches the chip.
                total = circuit.multiply(total, leaves.parameters["gain"])
            inputs[port] = total
        following, sent = formula(Lava(circuit), leaves.states, inputs, leaves.parameters)
        return ComputedStep(following, following["v"] if shows_voltage else sent)

    return LayerStep("Lava's formulas, with the numbers of the .net file", parameters, compute)


def _sums(program: Program) -> dict[str, SumBound]:
    """Return the bounds of the sums before they are shifted; a wrap beyond them is modelled."""
    proved = ranges(program)
    bounds = {}
    for node in program.synapses:
        source = proved.values[node.source.source].hull(ZERO)
        largest = node.sum_range(source).largest()
        bounds[node.name] = SumBound(largest, (1 << (ADDER_BITS - 1)) - 1, f"int{ADDER_BITS}")
    return bounds
