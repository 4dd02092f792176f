"""Networks in the chip's numbers, for the conformance kit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurodeploy.program import Dense, Edge, Input, Neuron, Program
from targets.xylo.format import XYLO, decay_of
from targets.xylo.neuron import HIDDEN, OUTPUT

_EXPONENT = -6


def _neurons(
    name: str, edges: tuple[Edge, ...], threshold: object, *, last: bool = False
) -> Neuron:
    values = {
        "current_decay": np.array(decay_of(1)),
        "voltage_decay": np.array(decay_of(3)),
        "threshold": np.asarray(threshold),
        "bias": np.array(0),
    }
    equations = OUTPUT if last else HIDDEN
    return Neuron(name, edges, equations, XYLO, values, _EXPONENT)


def _weights(name: str, edge: Edge, outputs: int, inputs: int, seed: int) -> Dense:
    generator = np.random.default_rng(seed)
    return Dense(name, edge, generator.integers(-30, 100, (outputs, inputs)), _EXPONENT)


def _two_layers() -> Program:
    nodes = (
        Input("input", (4,)),
        _weights("hidden.synapse", Edge("input"), 6, 4, 1),
        _neurons("hidden", (Edge("hidden.synapse"),), [90, 70, 80, 60, 110, 90]),
        _weights("output.synapse", Edge("hidden"), 3, 6, 2),
        _neurons("output", (Edge("output.synapse"),), 150, last=True),
    )
    return Program(nodes, "output")


def _deep_with_a_loop() -> Program:
    loop = np.array([[8, -4, 0], [0, 0, 12], [-16, 4, 0]])
    nodes = (
        Input("input", (4,)),
        _weights("first.synapse", Edge("input"), 5, 4, 3),
        _neurons("first", (Edge("first.synapse"),), 80),
        Dense("own", Edge("second", 1), loop, _EXPONENT),
        _weights("second.synapse", Edge("first"), 3, 5, 4),
        _neurons("second", (Edge("own"), Edge("second.synapse")), 200),
        _weights("output.synapse", Edge("second"), 2, 3, 5),
        _neurons("output", (Edge("output.synapse"),), 120, last=True),
    )
    return Program(nodes, "output")


EXAMPLES: Mapping[str, Program] = {
    "two layers": _two_layers(),
    "three layers and a loop": _deep_with_a_loop(),
}
