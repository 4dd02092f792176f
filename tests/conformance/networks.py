"""Seeded random programs that Loihi takes, with samples that make them spike.

A network is built layer by layer: each layer is run as far as it is there, and its threshold is
chosen from the voltages that it reaches, so that most networks spike and some thresholds are met
exactly. What `check` refuses is drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Pair, Shape, conv_size
from neurodeploy.program import (
    Conv2d,
    Dense,
    Edge,
    Flatten,
    Input,
    Neuron,
    Node,
    Program,
    Signal,
    Synapse,
)
from neurodeploy.simulator import run_golden
from neurodeploy.target import Severity
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.check import check
from targets.loihi.chip.format import LOIHI

Array = NDArray[np.int64]

LARGEST_THRESHOLD = (1 << 17) - 1
DECAYS = (0, 1, 100, 2048, 4000, 4095, 4096)
STEPS = (1, 2, 3, 4, 7, 11, 16, 23, 31, 47, 64)
RATES = (0.02, 0.1, 0.3, 0.6, 1.0)
WIDTHS = (1, 2, 3, 5, 7, 11, 17, 31, 40)
NARROW = (1, 2, 3, 5, 7)
SIDES = (1, 2, 3, 5, 7, 8)


@dataclass(frozen=True)
class Case:
    """A program, samples for it, and the torch network that it came from, if it did."""

    name: str
    program: Program
    samples: Array
    model: Any = None


def random_case(seed: int) -> Case:
    """Return the program of this seed."""
    rng = np.random.default_rng(seed)
    # Every eighth network is driven as hard as possible, so that states leave their 24 bits.
    hard = seed % 8 == 7
    build = Builder(rng, hard=hard)
    depth = int(rng.integers(1, 6))
    image = rng.random() < 0.5
    shape = _image(rng) if image else (40 if hard else _pick(rng, WIDTHS),)
    build.samples(shape, Signal.CURRENT if rng.random() < 0.25 else Signal.SPIKES)
    convolutions = int(rng.integers(0, depth + 1)) if image else 0
    for _ in range(convolutions):
        build.add(random_convolution)
    while build.depth < max(depth, 1):
        build.flatten()
        build.add(random_dense)
    return build.case(f"program {seed}")


def timed_case(seed: int) -> Case:
    """Return a program of this seed whose dense layers are often recurrent or delayed."""
    rng = np.random.default_rng(seed + 1_000_000)
    # Lava does 63 times the work for delays: few neurons, and steps enough for the longest delay.
    build = Builder(rng, hard=seed % 8 == 7)
    image = rng.random() < 0.2
    shape = (2, 3, 2) if image else (_pick(rng, NARROW),)
    signal = Signal.CURRENT if rng.random() < 0.25 else Signal.SPIKES
    steps = _pick(rng, (4, 11, 23, 70))
    build.samples(shape, signal, steps=steps, count=int(rng.integers(1, 4)))
    if image:
        build.add(random_convolution)
        build.flatten()
    for _ in range(int(rng.integers(1, 4))):
        kind = _pick(rng, ("recurrent", "delayed", "delayed", "plain"))
        build.add(random_delayed if kind == "delayed" else _narrow, kind == "recurrent")
    return build.case(f"timed {seed}")


def judged_case(seed: int) -> Case:
    """Return a program of this seed that one or both emulators of the chip cover."""
    kind = ("recurrent", "delayed", "image", "biased")[seed % 4]
    for attempt in range(8):
        case = _judged(np.random.default_rng([3, seed, attempt]), kind, f"judged {seed}")
        # Without a bias a network is soon silent, which proves little.
        if run_golden(case.program, case.samples).spikes():
            break
    return case


def _judged(rng: np.random.Generator, kind: str, name: str) -> Case:
    build = Builder(rng, hard=False, plain=kind != "biased")
    shape = (2, 4, 3) if kind == "image" else (_pick(rng, WIDTHS[2:7]),)
    build.samples(shape, Signal.SPIKES, steps=_pick(rng, (7, 16, 31)), rate=0.4)
    if kind == "image":
        build.add(random_convolution)
        build.flatten()
    for _ in range(int(rng.integers(1, 4))):
        build.add(random_delayed if kind == "delayed" else _narrow, kind == "recurrent")
    return build.case(name)


def limit_cases() -> list[Case]:
    """Return the largest geometry that the simulation can take."""
    forms: dict[str, tuple[Shape, dict[str, Any]]] = {
        "kernel 127": ((1, 131, 2), {"kernel": (127, 2), "stride": (2, 1)}),
        "padding 127": ((1, 1, 3), {"padding": (127, 1), "stride": (31, 1)}),
        "stride 127": ((2, 3, 255), {"stride": (1, 127), "kernel": (2, 1)}),
        "dilation 127": ((2, 130, 5), {"dilation": (127, 3), "kernel": (2, 2)}),
        "groups 127": ((127, 2, 3), {"groups": 127, "kernel": (2, 2), "pool": True}),
    }
    cases = []
    for number, (name, (shape, form)) in enumerate(forms.items()):
        build = Builder(np.random.default_rng(number), hard=False)
        build.samples(shape, Signal.SPIKES, steps=5, count=2, rate=0.5)
        build.add(lambda rng, name, shape, form=form: convolution(rng, name, shape, **form))
        cases.append(build.case(name))
    return cases


class Builder:
    """The nodes so far, and the values of the last one over all steps and samples."""

    def __init__(self, rng: np.random.Generator, *, hard: bool, plain: bool = False) -> None:
        self.rng = rng
        # No bias, and all neurons of a layer alike.
        self.plain = plain
        self.hard = hard
        self.nodes: list[Node] = []
        self.inputs: Array = np.zeros(0, dtype=np.int64)
        self.values = self.inputs
        self.depth = 0

    def samples(
        self,
        shape: Shape,
        signal: Signal,
        *,
        steps: int | None = None,
        count: int | None = None,
        rate: float | None = None,
    ) -> None:
        """Draw the input and, for currents, the neurons that they drive."""
        rng = self.rng
        steps = steps or (64 if self.hard else _pick(rng, STEPS))
        count = count or int(rng.integers(1, 6))
        rate = rate or (1.0 if self.hard else float(rng.choice(RATES)))
        active = rng.random((steps, count, *shape)) < rate
        # Something happens even at a low rate.
        active.reshape(-1)[int(rng.integers(active.size // 2 + 1))] = True
        self.nodes.append(Input("input", shape, signal))
        self.inputs = self.values = active.astype(np.int64)
        if signal == Signal.CURRENT:
            reach = 1 << int(rng.choice([17, 22, 24] if self.hard else [4, 8, 12, 16]))
            drawn = rng.integers(1 - reach // 2, reach, active.shape)
            self.inputs = self.values = np.where(active, drawn, 0)
            self.depth += 1
            self._neurons(None)

    def flatten(self) -> None:
        """Flatten an image; leave a vector as it is."""
        if self.values.ndim == 5:
            name = f"flatten{self.depth}"
            self.nodes.append(Flatten(name, Edge(self.nodes[-1].name)))
            self.values = self.values.reshape(*self.values.shape[:2], -1)

    def add(self, draw: Any, recurrent: bool = False) -> None:
        """Add a layer with weights that `draw` makes for the current shape, and its neurons."""
        self.depth += 1
        source, shape = self.nodes[-1].name, self.values.shape[2:]
        while True:
            synapse = draw(self.rng, f"synapse{self.depth}", shape)
            own = _own(self.rng, synapse) if recurrent else None
            if not _errors(_alone(shape, synapse, _neuron("probe"), own)):
                break
        self._neurons(synapse, source, own)

    def case(self, name: str) -> Case:
        """Return the whole program."""
        program = Program(tuple(self.nodes), self.nodes[-1].name)
        assert not _errors(program), (name, _errors(program))
        return Case(name, program, self.inputs)

    def _neurons(self, synapse: Synapse | None, source: str = "", own: Dense | None = None) -> None:
        """Add neurons; a run without a threshold shows which threshold suits them."""
        rng, name = self.rng, f"layer{self.depth}"
        shape = _output(self.values.shape[2:], synapse)
        parameters = {key: self._decays(shape) for key in ("current_decay", "voltage_decay")}
        parameters["bias"] = np.array(0)
        biased = synapse is not None and not self.plain
        if biased and rng.random() < 0.4:
            parameters["bias"] = _bias(rng, shape)
        reached = self._run(synapse, _neuron(name, **parameters), own)["v"]
        if biased and reached.max() <= 0 and rng.random() < 0.95:
            parameters["bias"] = np.array(1 + abs(int(reached.min())) // 100)
            parameters["bias"] = np.minimum(parameters["bias"], 4095)
            reached = self._run(synapse, _neuron(name, **parameters), own)["v"]
        parameters["threshold"] = _threshold(rng, reached, () if self.plain else shape)
        neuron = _neuron(name, **parameters)
        self.values = self._run(synapse, neuron, own)["s"]
        if synapse is None:
            self.nodes.append(neuron)
        else:
            self.nodes += _layer(replace(synapse, source=Edge(source)), neuron, own)

    def _decays(self, shape: Shape) -> Array:
        """Draw decays: often extreme, sometimes one per channel."""
        rng = self.rng
        if self.hard:
            return np.array(_pick(rng, (0, 0, 1, 100)))
        size = shape[0] if not self.plain and rng.random() < 0.25 else 1
        drawn = np.where(rng.random(size) < 0.7, rng.choice(DECAYS, size), rng.integers(4097))
        return drawn.reshape(-1, *[1] * (len(shape) - 1)) if size > 1 else drawn.reshape(())

    def _run(self, synapse: Synapse | None, neuron: Neuron, own: Dense | None = None) -> Any:
        shape = self.values.shape[2:]
        program = _alone(shape, synapse, neuron, own)
        return run_golden(program, self.values)[neuron.name].values


def random_dense(
    rng: np.random.Generator, name: str, shape: Shape, widths: Shape = WIDTHS
) -> Dense:
    """Draw weights from every input to some neurons."""
    return Dense(name, Edge("input"), weights(rng, (_pick(rng, widths), shape[0])), -6)


def _narrow(rng: np.random.Generator, name: str, shape: Shape) -> Dense:
    return random_dense(rng, name, shape, NARROW)


def random_delayed(rng: np.random.Generator, name: str, shape: Shape) -> Dense:
    """Draw dense weights with delays: per weight, per output, per input, or one for all."""
    node = _narrow(rng, name, shape)
    outputs, inputs = node.weight.shape
    form = _pick(rng, ((outputs, inputs), (outputs, 1), (1, inputs), (1, 1)))
    longest = _pick(rng, (1, 3, 7, 62))
    drawn = np.where(rng.random(form) < 0.2, longest, rng.integers(0, longest + 1, form))
    return replace(node, delays=np.broadcast_to(drawn, node.weight.shape))


def _own(rng: np.random.Generator, node: Dense) -> Dense:
    """Draw weights from a layer's own spikes to itself, sometimes smaller than the others."""
    size = node.weight.shape[0]
    weight = weights(rng, (size, size)) >> (2 if rng.random() < 0.5 else 0)
    return Dense(node.name.replace("synapse", "recurrent"), Edge("input"), weight, -6)


def random_convolution(rng: np.random.Generator, name: str, shape: Shape) -> Conv2d:
    """Draw a convolution whose output is neither empty nor large."""
    channels = shape[0]
    divisors = [n for n in range(1, channels + 1) if channels % n == 0]
    # No convolution that is drawn here makes 9 of more than 33 rows.
    most = 9 if max(shape[1:]) <= 33 else -(-max(shape[1:]) // 3)
    while True:
        form: dict[str, Any] = {
            key: (int(rng.integers(low, 4)), int(rng.integers(low, 4)))
            for key, low in (("kernel", 1), ("stride", 1), ("padding", 0), ("dilation", 1))
        }
        sides = conv_size(shape[1:], *(form[key] for key in form))
        if min(sides) >= 1 and max(sides) <= most:
            break
    form["groups"] = _pick(rng, divisors)
    form["pool"] = form["groups"] == channels and rng.random() < 0.5
    return convolution(rng, name, shape, each=int(rng.integers(1, 4)), **form)


def convolution(
    rng: np.random.Generator,
    name: str,
    shape: Shape,
    *,
    kernel: Pair = (1, 1),
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
    each: int = 1,
    pool: bool = False,
) -> Conv2d:
    """Draw weights of this geometry, or one weight everywhere, as in a pool."""
    size = (groups if pool else groups * each, shape[0] // groups, *kernel)
    weight = np.full(size, _pick(rng, (2, 64, 254))) if pool else weights(rng, size)
    return Conv2d(name, Edge("input"), weight, stride, padding, dilation, groups, -6)


def weights(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw weights of one of the kinds that break in a chip's eight bits."""
    even = 2 * rng.integers(-60, 100, shape)
    kinds = {
        "even": lambda: even,
        "whole range": lambda: 2 * rng.integers(-128, 128, shape),
        "odd": lambda: rng.integers(-127, 128, shape),
        "nine bits": lambda: rng.integers(-256, 255, shape),
        "extreme": lambda: rng.choice([-256, 254, 254], shape),
        "positive": lambda: rng.integers(0, 256, shape),
        "negative": lambda: -rng.integers(0, 256, shape) * (rng.random(shape) < 0.8),
        "one": lambda: even * _one_hot(rng, shape),
        "one in each row": lambda: even * _one_hot(rng, shape, rows=True),
        "tiny": lambda: rng.integers(-2, 4, shape),
        "sparse": lambda: even * (rng.random(shape) < 0.1),
    }
    chosen: Array = kinds[_pick(rng, tuple(kinds))]()
    return chosen


def _one_hot(rng: np.random.Generator, shape: Shape, *, rows: bool = False) -> Array:
    mask = np.zeros((shape[0], int(np.prod(shape[1:]))), dtype=np.int64)
    chosen = range(shape[0]) if rows else [int(rng.integers(shape[0]))]
    for row in chosen:
        mask[row, rng.integers(mask.shape[1])] = 1
    return mask.reshape(shape)


def _bias(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw one value, one per channel, or one per neuron; small, large or negative."""
    form = _pick(rng, ((), (shape[0], *[1] * (len(shape) - 1)), shape))
    low, high = _pick(rng, ((-20, 40), (-300, 500), (-4096, 4096), (-100, 1), (4095, 4096)))
    return rng.integers(low, high, form)


def _threshold(rng: np.random.Generator, reached: Array, shape: Shape) -> Array:
    """Draw a threshold that is sometimes passed, met exactly, always passed, or never."""
    positive = reached[reached > 0]
    kind = rng.random()
    if kind < 0.08 or positive.size == 0:
        return np.array(0)
    if kind < 0.12:
        return np.array(LARGEST_THRESHOLD)
    exact = positive[(positive % 64 == 0) & (positive <= LARGEST_THRESHOLD << 6)]
    if kind < 0.4 and exact.size:
        return np.array(int(rng.choice(exact)) >> 6)
    level = float(np.quantile(positive, rng.uniform(0.2, 0.9))) / 64
    if shape and rng.random() < 0.25:
        channels = (shape[0], *[1] * (len(shape) - 1))
        level = level * rng.uniform(0.3, 1.3, channels)
    return np.clip(np.floor(level), 0, LARGEST_THRESHOLD).astype(np.int64)


def _neuron(name: str, **parameters: Array) -> Neuron:
    silent = {
        "current_decay": np.array(4096),
        "voltage_decay": np.array(0),
        "threshold": np.array(LARGEST_THRESHOLD),
        "bias": np.array(0),
    }
    return Neuron(name, (Edge("input"),), CUBA_LIF, LOIHI, silent | parameters, -6)


def _alone(
    shape: Shape,
    synapse: Synapse | None,
    neuron: Neuron,
    own: Dense | None = None,
) -> Program:
    """Return a program of one layer."""
    if synapse is None:
        return Program((Input("input", shape, Signal.CURRENT), neuron), neuron.name)
    return Program((Input("input", shape), *_layer(synapse, neuron, own)), neuron.name)


def _layer(synapse: Synapse, neuron: Neuron, own: Dense | None) -> tuple[Node, ...]:
    """Return weights, the neurons that they drive, and what feeds their own spikes back."""
    loop = () if own is None else (replace(own, source=Edge(neuron.name, 1)),)
    inputs = tuple(Edge(node.name) for node in (synapse, *loop))
    return (synapse, *loop, replace(neuron, inputs=inputs))


def _output(shape: Shape, synapse: Synapse | None) -> Shape:
    program = _alone(shape, synapse, _neuron("probe"))
    return program.shapes["probe"]


def _errors(program: Program) -> list[str]:
    return [str(finding) for finding in check(program) if finding.severity == Severity.ERROR]


def _image(rng: np.random.Generator) -> Shape:
    return (_pick(rng, (1, 2, 3, 4, 6)), _pick(rng, SIDES), _pick(rng, SIDES))


def _pick(rng: np.random.Generator, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]
