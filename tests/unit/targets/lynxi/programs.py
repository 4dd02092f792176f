"""Programs for the target's tests: a fixed one for each certificate, and arithmetic in NumPy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import (
    Conv2d,
    Dense,
    Edge,
    Flatten,
    Input,
    MaxPool2d,
    Neuron,
    Program,
    Signal,
)
from quant import chip_format
from snncore.dynamics.zoo.spiking import Fire, Reset, biased_if, biased_lif
from targets.lynxi.reduced.recipe import Numbers

SYSTEM = chip_format("lynxi").system
Array = NDArray[np.int64]


def neurons(
    name: str, *sources: str, reset: Reset = Reset.HARD, leak: int | None = None, **changes: Any
) -> Neuron:
    """Return IF neurons, or LIF with a leak in 128ths."""
    fire = Fire(reset)
    equations = biased_if(fire) if leak is None else biased_lif(fire)
    values = {"threshold": 60, "rest": 0, "bias": 0, "decay": leak, **changes}
    parameters = {key: np.asarray(values[key]) for key in equations.parameters}
    return Neuron(name, tuple(Edge(s) for s in sources), equations, SYSTEM, parameters)


def image(reset: Reset = Reset.HARD, scale: int = 1) -> Program:
    """Return every kind of layer, with a residual addition; `scale` makes the weights larger."""
    random = np.random.default_rng(1)

    def weight(*shape: int) -> Array:
        return random.integers(-10, 30, shape) * scale

    rest = -7 if reset == Reset.HARD else 0
    channels = random.integers(30, 70, (4, 1, 1)) * scale
    return Program(
        (
            Input("in", (2, 7, 6)),
            Conv2d("conv.1", Edge("in"), weight(4, 1, 3, 2), (1, 2), (1, 0), (2, 1), 2),
            neurons("lif.1", "conv.1", reset=reset, leak=32, threshold=channels, rest=rest),
            MaxPool2d("pool", Edge("lif.1"), (2, 2), (2, 1), (1, 0)),
            Conv2d("sum", Edge("pool"), np.full((4, 1, 1, 1), 40 * scale), groups=4),
            Conv2d("conv2", Edge("pool"), weight(4, 4, 1, 1)),
            neurons("lif2", "sum", "conv2", reset=reset, leak=128, threshold=50 * scale, bias=3),
            Flatten("flat", Edge("lif2")),
            Dense("dense", Edge("flat"), weight(5, 24)),
            neurons("lif3", "dense", reset=reset, threshold=200, bias=np.arange(-2, 3)),
        ),
        "lif3",
    )


def dense(size: int = 1, **changes: Any) -> Program:
    """Return two neurons, whose largest sum is 100 times the size."""
    weight = np.array([[60, -30, 40], [10, 90, -100]]) * size
    nodes = (Input("in", (3,)), Dense("d", Edge("in"), weight), neurons("n", "d", **changes))
    return Program(nodes, "n")


def driven(**changes: Any) -> Program:
    """Return neurons that currents drive."""
    return Program((Input("in", (3,), Signal.CURRENT), neurons("n", "in", **changes)), "n")


def spikes(program: Program, steps: int = 8, count: int = 3, seed: int = 0) -> Array:
    """Return samples that make the neurons fire."""
    random = np.random.default_rng(seed)
    shape = (steps, count, *program.input.shape)
    if program.input.signal == Signal.CURRENT:
        return random.integers(-50, 120, shape)
    return (random.random(shape) < 0.5).astype(np.int64)


class InNumbers:
    """A recipe's words in NumPy, each result in one type."""

    def __init__(self, kind: Any, constants: dict[str, Numbers]) -> None:
        self.kind, self.constants = kind, constants

    def constant(self, name: str, value: Numbers) -> Any:
        return np.asarray(self.constants[name] if name else value, dtype=self.kind)

    def add(self, a: Any, b: Any) -> Any:
        return self._typed(a + b)

    def subtract(self, a: Any, b: Any) -> Any:
        return self._typed(a - b)

    def multiply(self, a: Any, b: Any) -> Any:
        return self._typed(a * b)

    def at_least(self, a: Any, b: Any) -> Any:
        return self._typed(a >= b)

    def _typed(self, value: Any) -> Any:
        return np.asarray(value).astype(self.kind)
