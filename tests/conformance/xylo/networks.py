"""Random networks in Xylo's numbers: chains of every depth, loops, counts of events."""

from __future__ import annotations

import numpy as np

from neurodeploy.data.network.encoding import Encoding
from neurodeploy.program import Dense, Edge, Input, Neuron, Node, Program, Signal
from neurodeploy.target import Severity
from snncore.dynamics import Equations
from targets.xylo import target
from targets.xylo.format import XYLO, decay_of
from targets.xylo.neuron import HIDDEN, OUTPUT
from tests.conformance.networks import Case

STEPS, SAMPLES = 14, 2


def drawn(seed: int) -> Program:
    """Draw a network, which the chip may not take."""
    random = np.random.default_rng(seed)
    channels, depth = int(random.integers(1, 17)), int(random.integers(2, 5))
    first = Input("input", (channels,))
    if random.random() < 0.3:
        first = Input("input", (channels,), Signal.CURRENT, Encoding(-1, 0, 15))
    nodes: list[Node] = [first]
    inputs = channels
    for position in range(depth):
        last, name = position == depth - 1, f"layer{position}"
        size = int(random.integers(1, 9 if last else 14))
        # Weights of a class share a shift; with few sources they may be large.
        shift = int(random.integers(0, 3))
        forward = _weights(random, size, inputs) << shift
        edges = [Dense(f"{name}.synapse", Edge(nodes[-1].name), forward, -6)]
        if not last and random.random() < 0.4:
            own = _weights(random, size, size) * (random.random((size, size)) < 0.3) << shift
            edges.insert(int(random.integers(0, 2)), Dense(f"{name}.own", Edge(name, 1), own, -6))
        nodes += edges
        read = tuple(Edge(each.name) for each in edges)
        nodes.append(_neurons(random, name, read, size, OUTPUT if last else HIDDEN))
        inputs = size
    return Program(tuple(nodes), nodes[-1].name)


def _weights(random: np.random.Generator, outputs: int, inputs: int) -> np.ndarray:
    largest = int(random.choice((4, 20, 128)))
    return random.integers(-largest, largest, (outputs, inputs))


def _neurons(
    random: np.random.Generator, name: str, read: tuple[Edge, ...], size: int, kind: Equations
) -> Neuron:
    many = size if random.random() < 0.6 else 1
    values = {
        "current_decay": [decay_of(int(each)) for each in random.integers(1, 6, many)],
        "voltage_decay": [decay_of(int(each)) for each in random.integers(1, 16, many)],
        # Low ones, so that hidden neurons fire several times a step.
        "threshold": random.integers(1, int(random.choice((20, 200, 3000))), many),
        "bias": 0,
    }
    parameters = {
        key: np.asarray(value) if np.size(value) > 1 else np.asarray(value).reshape(())
        for key, value in values.items()
    }
    return Neuron(name, read, kind, XYLO, parameters, -6)


def xylo_case(seed: int) -> Case:
    """Return the first network from a seed on that the chip takes, and samples for it."""
    for attempt in range(1000):
        program = drawn(1000 * seed + attempt)
        if all(finding.severity != Severity.ERROR for finding in target.check(program)):
            break
    random = np.random.default_rng(seed)
    encoding = program.input.encoding
    shape = (STEPS, SAMPLES, *program.input.shape)
    most = 1 if encoding is None else encoding.high
    active = random.random(shape) < 0.5
    return Case(f"xylo {seed}", program, active * random.integers(1, most + 1, shape))
