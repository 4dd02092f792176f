"""Seeded random programs that NIR holds, with samples that make them spike.

Each layer's threshold is one of the voltages that it reaches, so that some are met exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from neurodeploy.program import Conv2d, Dense, Edge, Flatten, Input, Neuron, Node, Program, Signal
from neurodeploy.simulator import run_golden
from snncore.dynamics import Format, NumberSystem, Rounding
from snncore.dynamics.zoo.readout import INTEGRATOR, integrating
from snncore.dynamics.zoo.spiking import CUBA_LIF, Fire, Reset, biased_if, biased_lif
from tests.conformance.networks import Case

STEPS = ("0.0001", "0.001", "0.0009765625")
_HIGH = 1 << 20
_DECAYS = (1, 3, 16, 64, 100, 255, 256)


def system(fraction: int) -> NumberSystem:
    """The arithmetic of 24 bits, some of them a fraction."""
    state = Format(24, fraction)
    names = ("threshold", "rest", "bias")
    decays = ("decay", "current_decay", "voltage_decay")
    fractions = (*((name, 0) for name in names), *((name, 8) for name in decays))
    states = (("u", state), ("v", state))
    return NumberSystem(f"int24.{fraction}", states, fractions, rounding=Rounding.FLOOR)


@dataclass
class _Builder:
    rng: np.random.Generator
    samples: Any
    # Whether nothing is rounded.
    whole: bool
    nodes: list[Node] = field(default_factory=list)
    # Vectors that a later layer may read too.
    vectors: dict[str, int] = field(default_factory=dict)

    @property
    def last(self) -> str:
        return self.nodes[-1].name

    @property
    def shape(self) -> tuple[int, ...]:
        return Program(tuple(self.nodes), self.last).shapes[self.last]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def pick(self, values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def weights(self, *shape: int) -> Any:
        drawn = self.rng.integers(-40, 90, shape)
        return np.where(self.rng.random(shape) < 0.2, 0, drawn)

    def kernel(self, name: str) -> str:
        channels, height, width = self.shape
        groups = channels if self.chance(0.3) else 1
        side = int(self.rng.integers(1, min(height, width, 3) + 1))
        padding = tuple(int(n) for n in self.rng.integers(0, 2, 2))
        stride = tuple(int(n) for n in self.rng.integers(1, 3, 2))
        weight = self.weights(groups * self.pick((1, 2)), channels // groups, side, side)
        form = (stride, padding, (1, 1), groups)
        self.nodes.append(Conv2d(name, self.edge(), weight, *form, exponent=self.exponent))
        return name

    def edge(self) -> Edge:
        return Edge(self.last, int(self.rng.integers(1, 4)) if self.chance(0.15) else 0)

    def dense(self, name: str, source: Edge, inputs: int, outputs: int) -> str:
        delays = self.rng.integers(0, 3, (outputs, inputs)) if self.chance(0.15) else None
        weight = self.weights(outputs, inputs)
        self.nodes.append(Dense(name, source, weight, self.exponent, delays=delays))
        return name

    def layer(self, name: str, *, last: bool) -> None:
        """Add weights and neurons, or neurons that the samples drive."""
        self.exponent = int(self.rng.integers(-8, 1))
        driven = isinstance(self.nodes[-1], Input) and self.samples.max() > 1 and self.chance(0.5)
        reads = [Edge(self.last)]
        if not driven:
            reads = self._weights(name)
        # Voltages are read by nobody.
        looped = any(edge.source.endswith(".own") for edge in reads)
        if last and not looped and self.chance(0.2):
            self.nodes.append(self._readout(name, reads))
        else:
            biased = not driven and self.chance(0.5)
            self.nodes.append(self._neurons(name, reads, biased=biased))
        if len(self.shape) == 1:
            self.vectors[name] = self.shape[0]

    def _weights(self, name: str) -> list[Edge]:
        if len(self.shape) == 3:
            return [Edge(self.kernel(f"{name}.weights"))]
        source, inputs = self.edge(), self.shape[0]
        outputs = self.pick((1, 2, 3, 5, 8, 13))
        names = [self.dense(f"{name}.weights", source, inputs, outputs)]
        if self.vectors and self.chance(0.3):
            other = self.pick([*self.vectors])
            names.append(self.dense(f"{name}.skip", Edge(other), self.vectors[other], outputs))
        if self.chance(0.25):
            weight = self.weights(outputs, outputs) // 2
            self.nodes.append(Dense(f"{name}.own", Edge(name, 1), weight, self.exponent))
            names.append(f"{name}.own")
        return [Edge(each) for each in names]

    def _neurons(self, name: str, reads: list[Edge], *, biased: bool) -> Neuron:
        fire = Fire(Reset.HARD, strict=self.chance(0.5))
        leaky = (biased_if(fire), biased_lif(fire), CUBA_LIF)
        equations = self.pick(leaky[:1] if self.whole else leaky)
        values: dict[str, Any] = {"threshold": _HIGH, "rest": 0, "bias": 0}
        decays = [key for key in equations.parameters if key.endswith("decay")]
        values |= {key: self.pick(_DECAYS) for key in decays}
        if biased:
            values["bias"] = int(self.rng.integers(-5, 40))
        if self.chance(0.3):
            values["rest"] = int(self.rng.integers(-30, 10))
        parameters = {key: np.asarray(values[key]) for key in equations.parameters}
        form = system(self.pick((0, 0, 6)))
        node = Neuron(name, tuple(reads), equations, form, parameters, self.exponent)
        return self._with_threshold(node)

    def _readout(self, name: str, reads: list[Edge]) -> Neuron:
        parameters = {
            "decay": np.asarray(self.pick((0, 256) if self.whole else _DECAYS)),
            "bias": np.asarray(0),
        }
        form = integrating(system(6))
        return Neuron(name, tuple(reads), INTEGRATOR, form, parameters, self.exponent)

    def _with_threshold(self, node: Neuron) -> Neuron:
        program = Program((*self.nodes, node), node.name)
        reached = run_golden(program, self.samples)[node.name].v
        shift = node.system.state("v").fraction
        positive = reached[reached > 0] >> shift
        level = int(np.quantile(positive, self.rng.uniform(0.2, 0.9))) if positive.size else 1
        threshold = np.asarray(max(level, 1))
        if self.chance(0.3):
            shape = program.shapes[node.name]
            threshold = np.maximum(1, threshold + self.rng.integers(-3, 4, shape))
        return replace(node, parameters={**node.parameters, "threshold": threshold})


def nir_case(seed: int) -> Case:
    """The program of this seed."""
    rng = np.random.default_rng([14, seed])
    image = rng.random() < 0.4
    shape = (2, 5, 4) if image else (int(rng.choice([1, 3, 6, 10])),)
    currents = rng.random() < 0.25
    size = (int(rng.choice([1, 2, 5, 16, 32])), int(rng.integers(1, 4)), *shape)
    samples = rng.integers(-20, 90, size) if currents else (rng.random(size) < 0.4).astype(int)
    build = _Builder(rng, samples, whole=seed % 2 == 0)
    build.nodes.append(Input("input", shape, Signal.CURRENT if currents else Signal.SPIKES))
    depth = int(rng.integers(1, 5))
    for number in range(depth):
        if image and len(build.shape) == 3 and (number > 0 or rng.random() < 0.3):
            build.nodes.append(Flatten(f"flat{number}", Edge(build.last)))
        build.layer(f"layer{number}", last=number == depth - 1)
    return Case(f"nir {seed}", Program(tuple(build.nodes), build.last), samples)
