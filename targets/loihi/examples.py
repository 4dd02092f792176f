"""The chip's neurons, and a sigma-delta network: what the conformance kit builds its suite of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurodeploy.program import Dense, Edge, Input, Neuron, Program, Signal
from neurodeploy.target import ExampleNeuron
from snncore.dynamics.zoo.resonator import RESONATOR
from snncore.dynamics.zoo.sigma_delta import DELTA, SIGMA, SIGMA_DELTA
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF
from targets.loihi.chip.format import (
    FRACTION,
    LOIHI,
    LOIHI_DELTA,
    LOIHI_DRIVEN,
    LOIHI_RESONATOR,
    LOIHI_SIGMA,
    LOIHI_SIGMA_DELTA,
    RESETTING_RESONATOR,
)

_FIRING = {"current_decay": 1024, "voltage_decay": 128, "threshold": 80, "bias": 0}
_TURNING = {"sine": 1200, "cosine": 3800, "threshold": 15}
_EXPONENT = -FRACTION


def _driven() -> Program:
    """Return a network whose first neurons a host drives with measurements."""
    first = ExampleNeuron(DRIVEN_CUBA_LIF, LOIHI_DRIVEN, {**_FIRING, "gain": 3}, _EXPONENT)
    second = ExampleNeuron(CUBA_LIF, LOIHI, _FIRING, _EXPONENT)
    nodes = (
        Input("input", (3,), Signal.CURRENT),
        first.node("encoder", (Edge("input"),), first.equations.inputs),
        Dense("output.synapse", Edge("encoder"), np.array([[60, -4, 52], [100, 8, 20]]), _EXPONENT),
        second.node("output", (Edge("output.synapse"),), second.equations.inputs),
    )
    return Program(nodes, "output")


def _sigma_delta() -> Program:
    """Return a network whose layers send by how much their values changed."""
    weight = np.array([[6, -4], [10, 2], [-8, 14]])
    unit = 1 << FRACTION
    delta, hidden = LOIHI_DELTA, LOIHI_SIGMA_DELTA
    changes = {"threshold": np.asarray(3 * unit), "gain": np.asarray(unit)}
    sums = {"threshold": np.asarray(3 * unit), "bias": np.asarray(5 * unit)}
    nodes = (
        Input("input", (2,), Signal.CURRENT),
        Neuron("encoder", (Edge("input"),), DELTA, delta, changes, _EXPONENT),
        Dense("hidden.synapse", Edge("encoder"), weight, _EXPONENT),
        Neuron("hidden", (Edge("hidden.synapse"),), SIGMA_DELTA, hidden, sums, _EXPONENT),
        Dense("output.synapse", Edge("hidden"), weight.T, _EXPONENT),
        Neuron("output", (Edge("output.synapse"),), SIGMA, LOIHI_SIGMA, {}, _EXPONENT),
    )
    return Program(nodes, "output")


EXAMPLES: Mapping[str, ExampleNeuron | Program] = {
    "CUBA LIF": ExampleNeuron(CUBA_LIF, LOIHI, _FIRING, _EXPONENT),
    "driven CUBA LIF": _driven(),
    "resonator": ExampleNeuron(RESONATOR, LOIHI_RESONATOR, _TURNING, _EXPONENT),
    "resetting resonator": ExampleNeuron(RESETTING_RESONATOR, LOIHI_RESONATOR, _TURNING, _EXPONENT),
    "sigma-delta": _sigma_delta(),
}
