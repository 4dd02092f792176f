"""Seeded random sigma-delta programs, with samples that keep them sending."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.data.structure import Shape
from neurodeploy.program import Edge, Flatten, Input, Integers, Neuron, Node, Program, Signal
from neurodeploy.simulator import run_golden
from snncore.dynamics.zoo.sigma_delta import DELTA, SIGMA, SIGMA_DELTA
from targets.loihi.chip.format import LOIHI_DELTA, LOIHI_SIGMA, LOIHI_SIGMA_DELTA
from tests.conformance.networks import Case, random_convolution, random_dense

NARROW = (1, 2, 3, 5, 7, 11)


def message_case(seed: int) -> Case:
    """Draw a program of this seed: numbers or spikes come in, numbers pass between layers."""
    rng = np.random.default_rng(seed + 2_000_000)
    bits = int(rng.integers(0, 7))
    image = rng.random() < 0.3
    shape: Shape = (2, 4, 3) if image else (int(rng.choice(NARROW)),)
    steps, count = int(rng.choice([1, 5, 12, 30])), int(rng.integers(1, 4))
    # Without an input block, no gain sets the fraction bits of messages.
    block = bits < 6 or rng.random() < 0.6
    build = _Builder(rng, bits)
    build.samples((steps, count, *shape), block)
    if image and rng.random() < 0.8:
        build.add(random_convolution)
    build.flatten()
    for _ in range(int(rng.integers(1, 3))):
        build.add(_narrow)
    if rng.random() < 0.3:
        build.add(_narrow, last=True)
    return Case(f"messages {seed}", build.program(), build.inputs)


class _Builder:
    def __init__(self, rng: np.random.Generator, bits: int) -> None:
        self.rng, self.bits = rng, bits
        self.nodes: list[Node] = []
        self.inputs: Any = None

    def samples(self, size: tuple[int, ...], block: bool) -> None:
        """Draw slowly changing numbers, as a camera's, or spikes."""
        rng, shape = self.rng, size[2:]
        if not block:
            self.nodes = [Input("input", shape)]
            self.inputs = (rng.random(size) < 0.4).astype(np.int64)
            return
        self.nodes = [Input("input", shape, Signal.CURRENT)]
        walk = rng.integers(-30, 31, size).cumsum(axis=0) + rng.integers(0, 255, size[1:])
        self.inputs = np.where(rng.random(size) < 0.7, walk, 0)
        threshold = int(rng.choice([0, 1, 10, 40])) << self.bits
        values = {"threshold": np.array(threshold), "gain": np.array(1 << self.bits)}
        self.nodes.append(Neuron("block", (Edge("input"),), DELTA, LOIHI_DELTA, values, -6))

    def flatten(self) -> None:
        """Flatten an image."""
        if len(self._shape) == 3:
            self.nodes.append(Flatten("flat", Edge(self.nodes[-1].name)))

    def add(self, draw: Any, last: bool = False) -> None:
        """Add weights, and neurons whose threshold some of their changes reach."""
        number = len(self.nodes)
        while True:
            synapse = draw(self.rng, f"synapse{number}", self._shape)
            if synapse.weight.any() and synapse.weight.min() < 0 < synapse.weight.max():
                break
        # Small weights, so that messages do not grow from layer to layer without end.
        synapse = replace(synapse, source=Edge(self.nodes[-1].name), weight=_small(synapse.weight))
        self.nodes.append(synapse)
        edges = (Edge(synapse.name),)
        if last:
            self.nodes.append(Neuron(f"layer{number}", edges, SIGMA, LOIHI_SIGMA, {}, -6))
            return
        shape = self._shape
        form: Any = ((), (shape[0], *[1] * (len(shape) - 1)))[int(self.rng.integers(2))]
        values: dict[str, Integers] = {
            "threshold": np.array(0),
            "bias": self.rng.integers(-40, 90, form) << self.bits,
        }
        probe = Neuron(f"layer{number}", edges, SIGMA_DELTA, LOIHI_SIGMA_DELTA, values, -6)
        changes = abs(run_golden(self.program(probe), self.inputs)[probe.name].change)
        level = int(np.quantile(changes, self.rng.uniform(0.1, 0.9))) >> 6 >> self.bits
        values["threshold"] = np.array(min(level, (1 << 17) - 1) << self.bits)
        self.nodes.append(replace(probe, parameters=values))

    def program(self, *more: Node) -> Program:
        """Return the network that is built so far."""
        nodes = (*self.nodes, *more)
        return Program(nodes, nodes[-1].name)

    @property
    def _shape(self) -> Shape:
        nodes = (*self.nodes, Flatten("end", Edge(self.nodes[-1].name)))
        return Program(nodes, "end").shapes[self.nodes[-1].name]


def _narrow(rng: np.random.Generator, name: str, shape: Shape) -> Any:
    return random_dense(rng, name, shape, NARROW)


def _small(weight: Integers) -> Integers:
    small = np.sign(weight) * (abs(weight) >> 3)
    # Of both signs, so that the loader leaves them as they are.
    return small if small.min() < 0 < small.max() else weight
