"""Small programs for Loihi, with one thing after another out of order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.program import Conv2d, Dense, Edge, Flatten, Input, Neuron, Node, Program, Signal
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI

KERNEL = 2 * np.arange(-8, 28).reshape(2, 2, 3, 3)


def neuron(name: str, source: str, **changes: Any) -> Neuron:
    """Return CUBA LIF neurons on Loihi; a keyword is a parameter, or a field of the node."""
    parameters = {"current_decay": 1024, "voltage_decay": 128, "threshold": 80, "bias": 0}
    fields = {key: value for key, value in changes.items() if key not in parameters}
    parameters |= {key: value for key, value in changes.items() if key in parameters}
    arrays = {key: np.asarray(value) for key, value in parameters.items()}
    return replace(Neuron(name, (Edge(source),), CUBA_LIF, LOIHI, arrays, -6), **fields)


def dense(weight: Any = ((2, -4), (6, 8), (-10, 12)), **changes: Any) -> Program:
    """Return inputs, a dense layer and its neurons."""
    fields = {key: changes.pop(key) for key in ("shift", "accumulator_bits") if key in changes}
    weights = np.asarray(weight)
    nodes = (
        Input("input", (weights.shape[1],)),
        Dense("fc.synapse", Edge("input"), weights, -6, **fields),
        neuron("fc", "fc.synapse", **changes),
    )
    return Program(nodes, "fc")


def conv(weight: Any = KERNEL, shape: Any = (2, 5, 4), **changes: Any) -> Program:
    """Return an image, a convolution and its neurons."""
    keys = ("stride", "padding", "dilation", "groups", "accumulator_bits")
    fields = {key: changes.pop(key) for key in keys if key in changes}
    nodes = (
        Input("input", shape),
        Conv2d("conv.synapse", Edge("input"), np.asarray(weight), exponent=-6, **fields),
        neuron("conv", "conv.synapse", **changes),
    )
    return Program(nodes, "conv")


def driven(shape: Any = (3,), **changes: Any) -> Program:
    """Return currents that drive neurons without synapses."""
    return Program((Input("input", shape, Signal.CURRENT), neuron("in", "input", **changes)), "in")


def network() -> Program:
    """Return every kind of layer, and a parameter of every form that the file has."""
    rng = np.random.default_rng(1)
    nodes: list[Node] = [
        Input("input", (2, 5, 4), Signal.CURRENT),
        neuron("encode", "input", threshold=[[[20]], [[30]]]),
        Conv2d("conv.synapse", Edge("encode"), KERNEL, (2, 1), (1, 0), exponent=-6),
        neuron("conv", "conv.synapse", bias=[[[5]], [[-6]]], current_decay=[[[0]], [[4096]]]),
        Conv2d("pool.synapse", Edge("conv"), np.full((2, 1, 2, 2), 64), (1, 2), groups=2),
        neuron("pool", "pool.synapse", bias=rng.integers(-9, 9, (2, 2, 1)), exponent=0),
        Flatten("flat", Edge("pool")),
        Dense("fc.synapse", Edge("flat"), 2 * rng.integers(-60, 60, (3, 4)), -6),
        neuron("fc", "fc.synapse", voltage_decay=[1, 2, 3], threshold=[0, 7, 131071], bias=11),
    ]
    return Program(tuple(nodes), "fc")
