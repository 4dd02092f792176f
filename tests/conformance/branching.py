"""Seeded random programs with branches, which a chain of layers holds with relays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.data.structure import Shape
from neurodeploy.errors import DoesNotFitError
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
from neurodeploy.simulator import by_network_layer, run_golden
from neurodeploy.target import Severity
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF
from targets.loihi.branches import as_chain
from targets.loihi.check import check
from targets.loihi.chip.format import LOIHI, LOIHI_DRIVEN
from tests.conformance.attentive_networks import attentive_case
from tests.conformance.moving_networks import moving_case
from tests.conformance.networks import Array, Case, random_convolution

LARGEST_THRESHOLD = (1 << 17) - 1
STEPS = (1, 3, 8, 20)


def branching_case(seed: int) -> Case:
    """The network of this seed that a chain can hold, with branches, and mostly with spikes."""
    for attempt in range(40):
        case = _Build(np.random.default_rng([5, seed, attempt])).case(f"branching {seed}")
        try:
            chain = as_chain(case.program)
        except DoesNotFitError:
            continue
        errors = [each for each in check(chain) if each.severity == Severity.ERROR]
        if chain is not case.program and not errors:
            return case
    raise AssertionError(f"no network of seed {seed} has branches")


def moved_case(seed: int) -> Case:
    """Return the network of this seed that moves spikes and sums, and that a chain can hold."""
    return _chained(seed, "moved", lambda each: moving_case(each, "loihi"))


def product_case(seed: int) -> Case:
    """Return the network of this seed that multiplies spikes, and that a chain can hold."""
    return _chained(seed, "products", lambda each: attentive_case(each, "loihi", attends=False))


def _chained(seed: int, word: str, draw: Callable[[int], Case]) -> Case:
    """Return the first network that is drawn for a seed, that a chain holds, and that spikes."""
    for attempt in range(40):
        case = draw(1000 * attempt + seed)
        try:
            chain = as_chain(case.program)
        except DoesNotFitError:
            continue
        fits = not any(each.severity == Severity.ERROR for each in check(chain))
        if fits and by_network_layer(chain, run_golden(chain, case.samples)).spikes():
            return replace(case, name=f"{word} {seed}")
    raise AssertionError(f"no network of seed {seed} is a chain")


class _Build:
    """The nodes so far, and the spikes of every layer that another may read."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        image = rng.random() < 0.7
        sides = (int(rng.integers(3, 9)), int(rng.integers(3, 9)))
        shape: Shape = (int(rng.integers(1, 4)), *sides) if image else (int(rng.integers(2, 9)),)
        self.timed = rng.random() < 0.4
        driven = rng.random() < 0.15
        size = (int(rng.choice(STEPS)), int(rng.integers(1, 4)), *shape)
        active = (rng.random(size) < rng.choice([0.2, 0.5, 0.9])).astype(np.int64)
        self.inputs: Array = active * rng.integers(1, 200, size) if driven else active
        signal = Signal.CURRENT if driven else Signal.SPIKES
        self.nodes: list[Node] = [Input("input", shape, signal)]
        self.values: dict[str, Array] = {}
        if driven:
            values = self._parameters() | {"gain": np.array(3), "threshold": np.array(300)}
            first = Neuron("n0", (Edge("input"),), DRIVEN_CUBA_LIF, LOIHI_DRIVEN, values, -6)
            self._append(first)
        else:
            self.values["input"] = self.inputs
        # Most images end in dense layers; in some both stand side by side.
        self.dense_from = int(rng.integers(3, 8)) if rng.random() < 0.7 else 0
        for number in range(1, int(rng.integers(3, 9))):
            self.layer(number)

    def case(self, name: str) -> Case:
        """The whole network; what nothing reads joins in the last layer."""
        unread = [each for each in self.values if not self._is_read(each)]
        if len(unread) > 1 or not isinstance(self.nodes[-1], Neuron):
            sources = [self._flat(each, f"last{i}") for i, each in enumerate(unread)]
            width = int(self.rng.integers(1, 6))
            joined = [
                self._dense(f"last{i}.weights", source, prod_of(self.values[each]), width)
                for i, (each, source) in enumerate(zip(unread, sources, strict=True))
            ]
            self.nodes += joined
            self._neurons("last", joined)
        return Case(name, Program(tuple(self.nodes), self.nodes[-1].name), self.inputs)

    def layer(self, number: int) -> None:
        """A pool, or neurons that one or several earlier layers drive."""
        rng, name = self.rng, f"n{number}"
        source = self._source()
        shape = self.values[source].shape[2:]
        image = len(shape) == 3
        if image and min(shape[1:]) > 1 and rng.random() < 0.2:
            kernel = (int(rng.integers(1, 3)), 2)
            stride = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
            padding = (0, int(rng.integers(2)))
            pool = MaxPool2d(name, Edge(source), kernel, stride, padding)
            self._append(pool)
            return
        synapses: list[Synapse]
        apart = number < self.dense_from or (not self.dense_from and rng.random() < 0.6)
        if image and apart:
            synapses = self._kernels(name, source)
        else:
            width = int(rng.integers(1, 9))
            count = int(rng.integers(1, 4))
            synapses = []
            for branch in range(count):
                read = source if branch == 0 else self._source()
                edge = self._flat(read, f"{name}.{branch}")
                size = prod_of(self.values[read])
                synapses.append(self._dense(f"{name}.weights{branch}", edge, size, width))
        self.nodes += synapses
        self._neurons(name, synapses)

    def _kernels(self, name: str, source: str) -> list[Synapse]:
        """Convolutions of several layers whose sums have one shape."""
        rng = self.rng
        first = self._kernel(f"{name}.weights0", source)
        shape = self._shape(first)
        synapses: list[Synapse] = [first]
        images = [each for each, v in self.values.items() if v.ndim == 5]
        for _ in range(25):
            other = images[int(rng.integers(len(images)))]
            drawn = self._kernel(f"{name}.weights{len(synapses)}", other)
            if self._shape(drawn)[1:] == shape[1:] and len(synapses) < 3:
                rows = np.resize(drawn.narrow_weight, (shape[0], *drawn.narrow_weight.shape[1:]))
                if drawn.groups == 1:
                    synapses.append(replace(drawn, weight=rows))
        return synapses

    def _kernel(self, name: str, source: str) -> Any:
        drawn = random_convolution(self.rng, name, self.values[source].shape[2:])
        return replace(drawn, source=Edge(source), weight=self._weights(drawn.weight.shape))

    def _shape(self, node: Synapse) -> Shape:
        return Program((*self.nodes, node), node.name).shapes[node.name]

    def _dense(self, name: str, source: Edge, inputs: int, outputs: int) -> Dense:
        weight = self._weights((outputs, inputs))
        delays = None
        if self.timed and self.rng.random() < 0.3:
            delays = self.rng.integers(0, 4, weight.shape)
        return Dense(name, source, weight, -6, delays=delays)

    def _weights(self, shape: Shape) -> Array:
        rng = self.rng
        kinds = (
            lambda: 2 * rng.integers(-60, 100, shape),
            lambda: 2 * rng.integers(-128, 128, shape),
            lambda: rng.integers(-127, 128, shape),
            lambda: 2 * rng.integers(0, 100, shape),
            lambda: 2 * rng.integers(-100, 0, shape),
            lambda: 2 * rng.integers(-20, 60, shape) * (rng.random(shape) < 0.2),
        )
        drawn: Array = kinds[int(rng.choice(len(kinds), p=[0.4, 0.15, 0.15, 0.1, 0.05, 0.15]))]()
        return drawn

    def _neurons(self, name: str, synapses: list[Synapse]) -> None:
        """Neurons whose threshold is found by running them without one."""
        rng, edges = self.rng, tuple(Edge(each.name) for each in synapses)
        first = synapses[0].name
        shape = Program(tuple(self.nodes), first).shapes[first]
        if self.timed and len(shape) == 1 and rng.random() < 0.4:
            own = Dense(f"{name}.loop", Edge(name, 1), self._weights((shape[0],) * 2) >> 1, -6)
            self.nodes.append(own)
            edges = (*edges, Edge(own.name))
        values = self._parameters(shape)
        probe = Neuron(name, edges, CUBA_LIF, LOIHI, values, -6)
        reached = self._run(probe)["v"]
        if reached.max() <= 0:
            values["bias"] = np.array(min(4095, 1 + abs(int(reached.min())) // 100))
            reached = self._run(replace(probe, parameters=values))["v"]
        positive = reached[reached > 0]
        level = float(np.quantile(positive, rng.uniform(0.2, 0.9))) / 64 if positive.size else 0.0
        scale = rng.uniform(0.5, 1.2, self._form(shape))
        values["threshold"] = np.clip(level * scale, 0, LARGEST_THRESHOLD).astype(np.int64)
        self._append(replace(probe, parameters=values))

    def _parameters(self, shape: Shape = ()) -> dict[str, Any]:
        rng = self.rng
        decay = rng.choice([0, 100, 1024, 4000, 4096], (2, *self._form(shape)))
        bias = rng.integers(-30, 60, self._form(shape)) if rng.random() < 0.3 else np.array(0)
        limit = np.array(LARGEST_THRESHOLD)
        values = {"current_decay": decay[0], "voltage_decay": decay[1]}
        return {**values, "threshold": limit, "bias": bias if shape else np.array(0)}

    def _form(self, shape: Shape) -> Shape:
        """One value for all, one a channel, or one a neuron."""
        forms = ((), (), (*shape[:1], *[1] * (len(shape) - 1)), shape)
        return forms[int(self.rng.integers(len(forms)))]

    def _source(self) -> str:
        """A layer to read: the last, one that nothing reads yet, or any."""
        names, rng = list(self.values), self.rng
        unread = [each for each in names if not self._is_read(each)] or names
        choices = (names[-1:], unread, names)[int(rng.choice(3, p=[0.4, 0.35, 0.25]))]
        return choices[int(rng.integers(len(choices)))]

    def _is_read(self, name: str) -> bool:
        return any(edge.source == name and not edge.delay for n in self.nodes for edge in n.sources)

    def _flat(self, source: str, stem: str) -> Edge:
        if self.values[source].ndim == 3:
            return Edge(source)
        self.nodes.append(Flatten(f"{stem}.flat", Edge(source)))
        return Edge(f"{stem}.flat")

    def _run(self, node: Node) -> Any:
        program = Program((*self.nodes, node), node.name)
        return run_golden(program, self.inputs)[node.name].values

    def _append(self, node: Node) -> None:
        self.nodes.append(node)
        if isinstance(node, Neuron):
            program = Program(tuple(self.nodes), node.name)
            self.values[node.name] = run_golden(program, self.inputs)[node.name].s
            return
        # The spikes of a pool, which the trace does not show: those of neurons that read it.
        shape = Program(tuple(self.nodes), node.name).shapes[node.name]
        identity = random_convolution(self.rng, "copy", shape)
        weight = np.full((shape[0], 1, 1, 1), 2)
        windows = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": shape[0]}
        copy = replace(identity, source=Edge(node.name), weight=weight, **windows)
        forgetting = {"current_decay": np.array(4096), "voltage_decay": np.array(4096)}
        values = {**forgetting, "threshold": np.array(1), "bias": np.array(0)}
        reader = Neuron("copied", (Edge("copy"),), CUBA_LIF, LOIHI, values, -6)
        program = Program((*self.nodes, copy, reader), "copied")
        self.values[node.name] = run_golden(program, self.inputs)["copied"].s


def prod_of(values: Array) -> int:
    """Return how many values a layer has in a step of a sample."""
    return int(np.prod(values.shape[2:]))
