"""Programs for tests: a few fixed ones, and random ones with everything that a program may have."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape, conv_size
from neurodeploy.program import Conv2d, Dense, Edge, Flatten, Input, Neuron, Node, Program, Signal
from snncore.dynamics import (
    Equations,
    Format,
    NumberSystem,
    Overflow,
    Rounding,
    maximum,
    select,
    spike,
    trace,
)
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI, LOIHI_RESONATOR, RESETTING_RESONATOR

Array = NDArray[np.int64]
Random = np.random.Generator

PLAIN = {"current_decay": 1024, "voltage_decay": 300, "threshold": 90, "bias": 0}


def neurons(name: str, *edges: Edge | str, **parameters: Any) -> Neuron:
    """Return Loihi's neurons, driven by these edges."""
    values = {key: np.asarray(value) for key, value in (PLAIN | parameters).items()}
    read = tuple(Edge(edge) if isinstance(edge, str) else edge for edge in edges)
    return Neuron(name, read, CUBA_LIF, LOIHI, values)


def driven(shape: Shape = (3,), **parameters: Any) -> Program:
    """Return neurons that currents drive."""
    return Program((Input("in", shape, Signal.CURRENT), neurons("n", "in", **parameters)), "n")


def small() -> Program:
    """Return dense weights and three neurons."""
    weight = np.array([[64, -32], [100, 7], [0, 90]])
    return Program((Input("in", (2,)), Dense("d", Edge("in"), weight), neurons("n", "d")), "n")


def _integrate(v: Any, x: Any, *, threshold: Any) -> Any:
    h = v + x
    s = spike(h - threshold)
    return select(s, h - threshold, h), s


def _resting(v: Any, r: Any, x: Any, *, leak: Any, threshold: Any) -> Any:
    # After a spike a neuron takes no input for one step.
    h = maximum(v * leak + x * (1 - r), -20.0)
    s = spike(h - threshold, strict=True)
    return h * (1 - s), s, s


def _adapting(v: Any, w: Any, x: Any, *, leak: Any, grow: Any) -> Any:
    h = v * leak + x
    s = spike(h - w - 4.0)
    return select(s, 0.0, h), w * 0.5 + select(s, grow, 0.0), s


def _gated(v: Any, x: Any, gate: Any, *, leak: Any, threshold: Any) -> Any:
    h = v * leak + select(gate, x, 0)
    s = spike(h - threshold)
    return h - s * threshold, s


SOFT = trace(_integrate, states=("v",), parameters=("threshold",), name="SoftIF")
RESTING = trace(_resting, states=("v", "r"), parameters=("leak", "threshold"), name="Resting")
ADAPTING = trace(_adapting, states=("v", "w"), parameters=("leak", "grow"), name="Adapting")
GATED = trace(_gated, states=("v",), parameters=("leak", "threshold"), name="Gated")

SYSTEMS: dict[str, tuple[Equations, NumberSystem, Mapping[str, tuple[int, int]]]] = {
    "soft": (
        SOFT,
        NumberSystem(
            "narrow", (("v", Format(9, 0, Overflow.WRAP)),), (("threshold", 0),), carrier_bits=12
        ),
        {"threshold": (1, 200)},
    ),
    "resting": (
        RESTING,
        NumberSystem(
            "floor",
            (("v", Format(14, 3, symmetric=False)), ("r", Format(4, 1))),
            (("leak", 5), ("threshold", 3)),
            rounding=Rounding.FLOOR,
        ),
        {"leak": (0, 33), "threshold": (0, 900)},
    ),
    "adapting": (
        ADAPTING,
        NumberSystem(
            "wide",
            (("v", Format(44, 12)), ("w", Format(40, 12, Overflow.WRAP_ONCE))),
            (("leak", 12), ("grow", 12)),
            carrier_bits=56,
        ),
        {"leak": (0, 4097), "grow": (0, 1 << 19)},
    ),
}
# Those whose neurons have several inputs.
PORTED: dict[str, tuple[Equations, NumberSystem, Mapping[str, tuple[int, int]]]] = {
    "gated": (
        GATED,
        NumberSystem("two", (("v", Format(20, 3)),), (("leak", 6), ("threshold", 0))),
        {"leak": (0, 65), "threshold": (1, 300)},
    ),
    "resonator": (
        RESETTING_RESONATOR,
        LOIHI_RESONATOR,
        {"sine": (-4096, 4097), "cosine": (-4096, 4097), "threshold": (0, 300)},
    ),
}


class Drawing:
    """A random program in the making."""

    def __init__(self, random: Random, ports: bool) -> None:
        self.random, self.ports = random, ports
        image = random.random() < 0.5
        shape = tuple(int(n) for n in random.integers(1, 5, 3 if image else 1))
        self.current = random.random() < 0.25
        signal = Signal.CURRENT if self.current else Signal.SPIKES
        self.nodes: list[Node] = [Input("in", shape, signal)]
        self.shapes: dict[str, Shape] = {"in": shape}
        self.gain = int(random.choice([20, 200, 6000]))

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def append(self, node: Node, shape: Shape) -> str:
        self.nodes.append(node)
        self.shapes[node.name] = shape
        return node.name

    def layer(self, number: int) -> None:
        """Add weights and neurons that read earlier values, or themselves."""
        name = f"layer{number}"
        images = [key for key, shape in self.shapes.items() if len(shape) == 3]
        if images and self.chance(0.6):
            edges, shape = self.convolutions(name, str(self.random.choice(images)))
        else:
            edges, shape = self.matrices(name)
        draw = self.ported if self.ports and self.chance(0.6) else self.neurons
        self.append(draw(name, edges, shape), shape)
        if len(shape) == 1 and self.chance(0.3):
            self.loop_behind(name, shape[0])

    def convolutions(self, name: str, source: str) -> tuple[list[Edge], Shape]:
        """Add one or two convolutions of one image, of the same geometry."""
        random, (channels, height, width) = self.random, self.shapes[source]
        groups = 2 if channels % 2 == 0 and self.chance(0.4) else 1
        kernel = int(random.integers(1, height + 1)), int(random.integers(1, width + 1))
        stride, padding, dilation = (
            (int(random.integers(low, high)), int(random.integers(low, high)))
            for low, high in ((1, 3), (0, 2), (1, 3))
        )
        size = conv_size((height, width), kernel, stride, padding, dilation)
        if min(size) < 1:
            dilation = (1, 1)
            size = conv_size((height, width), kernel, stride, padding, dilation)
        outputs = groups * int(random.integers(1, 3))
        shape = (outputs, *size)
        edges = []
        for branch in range(2 if self.chance(0.3) else 1):
            weight = self.weight(outputs, channels // groups, *kernel)
            node = Conv2d(
                f"{name}.conv{branch}",
                self.edge(source),
                weight,
                stride,
                padding,
                dilation,
                groups,
                accumulator_bits=self.accumulator(24),
            )
            edges.append(self.edge(self.append(node, shape)))
        return edges, shape

    def matrices(self, name: str) -> tuple[list[Edge], Shape]:
        """Add dense weights on one to three values, and perhaps on the neurons that they drive."""
        outputs = int(self.random.integers(1, 6))
        edges = []
        for branch in range(int(self.random.integers(1, 4))):
            # A layer reads new values more often than old ones.
            recent = list(self.shapes)[-4:]
            source = str(self.random.choice(recent))
            source = self.flat(f"{name}.flat{branch}", source)
            width = self.shapes[source][0]
            edges.append(self.dense(f"{name}.dense{branch}", self.edge(source), outputs, width))
        if self.chance(0.3):
            loop = Edge(name, int(self.random.integers(1, 4)))
            edges.append(self.dense(f"{name}.own", loop, outputs, outputs))
        return edges, (outputs,)

    def loop_behind(self, name: str, width: int) -> None:
        """Add weights behind a layer that the layer itself reads a step later."""
        edge = self.dense(f"{name}.behind", Edge(name), width, width)
        index = next(n for n, node in enumerate(self.nodes) if node.name == name)
        layer: Any = self.nodes[index]
        inputs = (*layer.inputs, Edge(edge.source, 1 + edge.delay))
        ports = layer.ports and (*layer.ports, layer.ports[0])
        self.nodes[index] = replace(layer, inputs=inputs, ports=ports)

    def dense(self, name: str, source: Edge, outputs: int, width: int) -> Edge:
        shift = int(self.random.integers(1, 5)) if self.chance(0.2) else 0
        weight = self.weight(outputs, width)
        sums = self.accumulator(32)
        # A separate draw: the rest of the network is the same with and without delays.
        apart = np.random.default_rng(abs(int(weight.sum())))
        late = apart.integers(0, 4, weight.shape) if apart.random() < 0.25 else None
        node = Dense(name, source, weight, 0, shift, sums, late)
        return self.edge(self.append(node, (outputs,)))

    def flat(self, name: str, source: str) -> str:
        shape = self.shapes[source]
        if len(shape) == 1 and self.chance(0.9):
            return source
        return self.append(Flatten(name, self.edge(source)), (int(np.prod(shape)),))

    def edge(self, source: str) -> Edge:
        return Edge(source, int(self.random.integers(1, 4)) if self.chance(0.15) else 0)

    def weight(self, *shape: int) -> Array:
        gain = 4 if self.current else self.gain
        return self.random.integers(-gain, 2 * gain + 1, shape)

    def accumulator(self, bits: int) -> int:
        return int(self.random.integers(6, 14)) if self.chance(0.15) else bits

    def neurons(self, name: str, edges: list[Edge], shape: Shape) -> Neuron:
        if self.chance(0.3):
            equations, system, ranges = SYSTEMS[str(self.random.choice(list(SYSTEMS)))]
            parameters = {key: self.values(shape, *ends) for key, ends in ranges.items()}
            return Neuron(name, tuple(edges), equations, system, parameters)
        decays = [0, 1, 500, 4095, 4096, 4096]
        parameters = {
            "current_decay": self.values(shape, chosen=decays),
            "voltage_decay": self.values(shape, chosen=decays),
            "threshold": self.values(shape, 0, 2 * self.gain),
            "bias": self.values(shape, -self.gain // 9, self.gain // 6) if self.chance(0.3) else 0,
        }
        return neurons(name, *edges, **parameters)

    def ported(self, name: str, edges: list[Edge], shape: Shape) -> Neuron:
        equations, system, ranges = PORTED[str(self.random.choice(list(PORTED)))]
        parameters = {key: self.values(shape, *ends) for key, ends in ranges.items()}
        # Every input takes an edge; where edges are too few, one serves several inputs.
        edges = (edges * 2)[: max(len(edges), len(equations.inputs))]
        ports = tuple(islice(cycle(equations.inputs), len(edges)))
        return Neuron(name, tuple(edges), equations, system, parameters, ports=ports)

    def values(
        self, shape: Shape, low: int = 0, high: int = 1, chosen: list[int] | None = None
    ) -> Array:
        """Draw one value, one per channel, or one per neuron."""
        forms: list[Shape] = [(), (), (shape[0], *[1] * (len(shape) - 1)), shape]
        form = forms[int(self.random.integers(len(forms)))]
        if chosen is not None:
            return self.random.choice(chosen, size=form)
        return np.asarray(self.random.integers(low, max(high, low + 1), form))


def random_program(seed: int, *, ports: bool = False) -> Program:
    """Return the program of this seed; with `ports`, its neurons may have several inputs."""
    random = np.random.default_rng(seed)
    drawing = Drawing(random, ports)
    depth = int(random.integers(1, 5))
    for number in range(depth):
        drawing.layer(number)
    return Program(tuple(drawing.nodes), f"layer{depth - 1}")


def random_samples(program: Program, seed: int, steps: int, count: int) -> Array:
    """Return spikes or currents for a program's input."""
    random = np.random.default_rng(seed + 1_000_000)
    shape = (steps, count, *program.input.shape)
    active = random.random(shape) < random.choice([0.1, 0.4, 1.0])
    if program.input.signal == Signal.SPIKES:
        return active.astype(np.int64)
    largest = int(random.choice([9, 3000, (1 << 24) - 1]))
    return np.where(active, random.integers(-largest // 3, largest + 1, shape), 0)
