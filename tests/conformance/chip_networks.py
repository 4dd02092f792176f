"""Seeded random programs in the formats of several chips: IF and LIF, resets, pools, branches.

Each layer is run as far as it is there, and its threshold is chosen from the voltages that it
reaches, so that most networks spike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.data.structure import Shape
from neurodeploy.program import (
    Dense,
    Edge,
    Flatten,
    Input,
    MaxPool2d,
    Neuron,
    Node,
    Program,
    Signal,
    Synapse,
)
from neurodeploy.simulator import run_golden
from quant import ChipFormat, chip_format
from quant.neuron.own_equations import own_equations
from snncore.dynamics import Equations, NumberSystem
from snncore.dynamics.zoo.spiking import CUBA_LIF, Fire, Reset, biased_if, biased_lif
from tests.conformance.networks import Array, Case, random_convolution
from tests.unit.own_neuron import Tiring

FORMATS = ("int2", "int3", "int4", "int6", "int8", "int12", "int16", "lynxi", "shift16")
STEPS = (1, 2, 3, 5, 8, 16, 33, 64)


def chip_case(seed: int, form: str | None = None) -> Case:
    """The network of this seed, in the format that is given or comes next."""
    rng = np.random.default_rng(seed)
    build = Build(rng, chip_format(form or FORMATS[seed % len(FORMATS)]))
    build.samples((_pick(rng, (1, 2, 3)), 7, 6) if rng.random() < 0.6 else (24,))
    for _ in range(int(rng.integers(1, 5))):
        build.layer()
    return build.case(f"chip {seed}")


class Build:
    """The nodes so far, and the values of the last one over all steps and samples."""

    def __init__(self, rng: np.random.Generator, form: ChipFormat) -> None:
        self.rng, self.form = rng, form
        self.nodes: list[Node] = []
        self.inputs: Array = np.zeros(0, np.int64)
        self.values = self.inputs

    def samples(self, shape: Shape) -> None:
        """The input: spikes, or small currents."""
        rng = self.rng
        size = (_pick(rng, STEPS), int(rng.integers(1, 6)), *shape)
        active = rng.random(size) < _pick(rng, (0.1, 0.3, 0.7))
        current = rng.random() < 0.2
        signal = Signal.CURRENT if current else Signal.SPIKES
        self.nodes.append(Input("input", shape, signal))
        drawn = rng.integers(-90, 256, size) if current else 1
        self.inputs = self.values = np.where(active, drawn, 0)

    def layer(self) -> None:
        """A pool, or weights and neurons, sometimes with a second branch."""
        rng, name, shape = self.rng, f"layer{len(self.nodes)}", self.values.shape[2:]
        if len(shape) == 3 and min(shape[1:]) > 2 and rng.random() < 0.3:
            padding = (int(rng.integers(2)), int(rng.integers(2)))
            pool = MaxPool2d(f"{name}.pool", self._last(), (2, 3), (2, 1), padding)
            self._add(pool)
            return
        if len(shape) == 3 and rng.random() < 0.4:
            self._add(Flatten(f"{name}.flat", self._last()))
        source = self._last()
        synapses: list[Synapse] = [self._synapse(f"{name}.weights", source)]
        if rng.random() < 0.3:
            again = replace(synapses[0], name=f"{name}.more")
            weight = self._weights(again.weight.shape)
            late = Edge(source.source, int(rng.integers(1, 4)))
            synapses.append(replace(again, weight=weight, source=late))
        self.nodes += synapses
        self._neurons(name, synapses)

    def _synapse(self, name: str, source: Edge) -> Synapse:
        shape = self.values.shape[2:]
        if len(shape) == 1:
            width = int(self.rng.integers(1, 24))
            return Dense(name, source, self._weights((width, shape[0])), -6)
        drawn = random_convolution(self.rng, name, shape)
        weight = self._weights(drawn.weight.shape)
        return replace(drawn, source=source, weight=weight, accumulator_bits=32)

    def _weights(self, shape: Shape) -> Array:
        low, high = self.form.weights.minimum, self.form.weights.maximum
        drawn = self.rng.integers(low, high + 1, shape)
        return np.maximum(drawn, drawn // 2 + high // 4)

    def _neurons(self, name: str, synapses: list[Synapse]) -> None:
        rng, form = self.rng, self.form
        edges = tuple(Edge(synapse.name) for synapse in synapses)
        limit = form.thresholds.maximum
        equations, system, values = self._equations()
        values["threshold"] = np.array(limit)
        values["bias"] = np.array(int(rng.integers(-9, 20)) if rng.random() < 0.4 else 0)
        probe = Neuron(name, edges, equations, system, values, -6)
        reached = run_golden(Program((*self.nodes, probe), name), self.inputs)[name].v
        positive = reached[reached > 0]
        if positive.size == 0:
            values["bias"] = np.array(min(7 + abs(int(reached.min())), form.biases.maximum))
            positive = np.array([10])
        level = float(np.quantile(positive, rng.uniform(0.3, 0.9)))
        values["threshold"] = np.array(int(np.clip(level, form.thresholds.minimum, limit)))
        self._add(replace(probe, parameters=values))

    def _equations(self) -> tuple[Equations, NumberSystem, dict[str, Any]]:
        """A neuron that the format has, with its leaks and where it rests."""
        rng, form = self.rng, self.form
        # Integrators do not fire: they end a network, and are drawn elsewhere.
        kind = _pick(rng, [each for each in form.neurons if each != "LeakyIntegrator"])
        if kind == "CubaLIF":
            names = ("current_decay", "voltage_decay")
            return CUBA_LIF, form.system, {key: np.array(self._decay()) for key in names}
        if kind == "Defined":
            own = own_equations(Tiring.equations)
            shares = {key: np.array(self._decay()) for key in ("decay", "forget")}
            return own.biased, own.system(form), shares | {"jump": np.array(int(rng.integers(9)))}
        reset = _pick(rng, form.resets)
        fire = Fire(Reset(reset), form.strict or bool(rng.random() < 0.5))
        values: dict[str, Any] = {}
        if reset == Reset.HARD:
            values["rest"] = np.array(int(rng.integers(-20, 5)) if rng.random() < 0.4 else 0)
        if kind == "IF":
            return biased_if(fire), form.system, values
        return biased_lif(fire), form.system, values | {"decay": np.array(self._decay())}

    def _decay(self) -> int:
        rng, bits = self.rng, self.form.decays.bits
        if self.form.decays.shifts or rng.random() < 0.4:
            return 1 << int(rng.integers(max(bits - 5, 0), bits + 1))
        return int(rng.integers((1 << bits) + 1))

    def _last(self) -> Edge:
        return Edge(self.nodes[-1].name)

    def _add(self, node: Node) -> None:
        """The node, and its value."""
        self.nodes.append(node)
        program = Program(tuple(self.nodes), node.name)
        if isinstance(node, Neuron):
            self.values = run_golden(program, self.inputs)[node.name].s
        else:
            shape = program.shapes[node.name]
            self.values = np.zeros((*self.values.shape[:2], *shape), np.int64)

    def case(self, name: str) -> Case:
        """The whole network, ended in neurons."""
        if not isinstance(self.nodes[-1], Neuron):
            if self.values.ndim == 5:
                self._add(Flatten("last.flat", self._last()))
            synapse = self._synapse("last.weights", self._last())
            self.nodes.append(synapse)
            self._neurons("last", [synapse])
        return Case(name, Program(tuple(self.nodes), self.nodes[-1].name), self.inputs)


def _pick(rng: np.random.Generator, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]
