"""Programs run neuron by neuron in plain Python integers: a second definition of their meaning.

It shares only the program's data with the golden interpreter: no NumPy arithmetic, no
rewriting of equations, one neuron and one weight after another.
"""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Conv2d, Dense, Edge, Flatten, Input, Neuron, Program
from snncore.dynamics import Op
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI
from tests.unit.exact import Exact, turned

Position = tuple[int, ...]
# One sample's values of a layer in one step.
Values = dict[Position, int]

HALF, TURN = 1 << 23, 1 << 24


def to_zero(x: int, bits: int) -> int:
    """Return x / 2**bits, rounded toward zero."""
    return (abs(x) >> bits) * (1 if x >= 0 else -1)


def once(x: int, bits: int) -> int:
    """Turn a number once at most, into (-half, half]."""
    half = 1 << (bits - 1)
    if x > half:
        return x - 2 * half
    return x + 2 * half if x <= -half else x


# Every operation on plain integers, for equations that were rewritten to them.
PLAIN: dict[Op, Callable[..., int]] = {
    Op.ADD: lambda x, y: x + y,
    Op.SUBTRACT: lambda x, y: x - y,
    Op.MULTIPLY: lambda x, y: x * y,
    Op.NEGATE: lambda x: -x,
    Op.MINIMUM: min,
    Op.MAXIMUM: max,
    Op.ABSOLUTE: abs,
    Op.GREATER: lambda x, y: int(x > y),
    Op.GREATER_EQUAL: lambda x, y: int(x >= y),
    Op.SELECT: lambda condition, x, y: x if condition > 0 else y,
    Op.DETACH: lambda x: x,
    Op.SPIKE: lambda x, strict: int(x > 0 if strict else x >= 0),
    Op.SHIFT_LEFT: lambda x, bits: x << bits,
    Op.SHIFT_TO_ZERO: to_zero,
    Op.SHIFT_FLOOR: lambda x, bits: x >> bits,
    Op.SCALE_TO_ZERO: lambda x, ratio: to_zero(x * ratio[0], ratio[1]),
    Op.WRAP: turned,
    Op.WRAP_ONCE: once,
    Op.CLIP: lambda x, limits: min(max(x, limits[0]), limits[1]),
}


def loihi_step(
    u: int,
    v: int,
    a: int,
    *,
    current_decay: int,
    voltage_decay: int,
    threshold: int,
    bias: int,
) -> tuple[int, int, int]:
    """Return the next current and voltage of Loihi's compartment, and its spike."""
    u = turned(to_zero(u * (4096 - current_decay), 12) + turned(a << 6, 32), 32)
    if u > HALF:
        u -= TURN
    elif u <= -HALF:
        u += TURN
    v = turned(to_zero(v * (4096 - voltage_decay), 12) + u + (bias << 6), 32)
    v = min(max(v, 1 - HALF), HALF - 1)
    s = int(v > threshold << 6)
    return u, 0 if s else v, s


def run(program: Program, samples: NDArray[np.int64]) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Return every layer's spikes and states, (T, N, ...)."""
    runs = [_Sample(program, samples[:, n]) for n in range(samples.shape[1])]
    return {
        layer.name: {
            key: np.stack([one.arrays[layer.name][key] for one in runs], axis=1)
            for key in ("s", *layer.equations.states)
        }
        for layer in program.layers
    }


class _Sample:
    """One sample's run through a program."""

    def __init__(self, program: Program, inputs: NDArray[np.int64]) -> None:
        self.program = program
        steps = inputs.shape[0]
        # The values of every step by node, and the states by layer.
        self.past: dict[str, list[Values]] = {node.name: [] for node in program.nodes}
        self.states: dict[str, dict[Position, dict[str, int]]] = {
            layer.name: {
                position: dict.fromkeys(layer.equations.states, 0)
                for position in self.positions(layer.name)
            }
            for layer in program.layers
        }
        self.arrays = {
            layer.name: {
                key: np.zeros((steps, *program.shapes[layer.name]), dtype=np.int64)
                for key in ("s", *layer.equations.states)
            }
            for layer in program.layers
        }
        for step in range(steps):
            for node in program.nodes:
                self.past[node.name].append(self.values(node, step, inputs[step]))

    def positions(self, name: str) -> list[Position]:
        return list(product(*map(range, self.program.shapes[name])))

    def read(self, edge: Edge, step: int) -> Values:
        if step < edge.delay:
            return dict.fromkeys(self.positions(edge.source), 0)
        return self.past[edge.source][step - edge.delay]

    def values(self, node: Any, step: int, inputs: NDArray[np.int64]) -> Values:
        if isinstance(node, Input):
            return {position: int(inputs[position]) for position in self.positions(node.name)}
        if isinstance(node, Neuron):
            return self.neurons(node, step)
        if isinstance(node, Dense):
            return {(o,): self.weighted(node, step, o) for o in range(node.weight.shape[0])}
        x = self.read(node.source, step)
        if isinstance(node, Flatten):
            # Positions come in C order.
            return {
                (n,): x[position] for n, position in enumerate(self.positions(node.source.source))
            }
        return self.correlated(node, x)

    def weighted(self, node: Dense, step: int, output: int) -> int:
        sums: dict[int, int] = {}
        for i, weight in enumerate(node.weight[output]):
            late = 0 if node.delays is None else int(node.delays[output, i])
            x = self.read(Edge(node.source.source, node.source.delay + late), step)
            sums[late] = sums.get(late, 0) + int(weight) * x[(i,)]
        total = sum(value >> node.shift for value in sums.values())
        return turned(total, node.accumulator_bits)

    def correlated(self, node: Conv2d, x: Values) -> Values:
        outputs, inputs, height, width = node.weight.shape
        results = {}
        for o, row, column in self.positions(node.name):
            first = o // (outputs // node.groups) * inputs
            total = 0
            for c, i, j in product(range(inputs), range(height), range(width)):
                y = row * node.stride[0] + i * node.dilation[0] - node.padding[0]
                z = column * node.stride[1] + j * node.dilation[1] - node.padding[1]
                total += int(node.weight[o, c, i, j]) * x.get((first + c, y, z), 0)
            results[(o, row, column)] = turned(total, node.accumulator_bits)
        return results

    def neurons(self, node: Neuron, step: int) -> Values:
        read = {edge: self.read(edge, step) for edge in node.inputs}
        shape = self.program.shapes[node.name]
        constants = {key: np.broadcast_to(value, shape) for key, value in node.parameters.items()}
        spikes = {}
        for position in self.positions(node.name):
            states = self.states[node.name][position]
            drives = {
                name: sum(read[edge][position] for edge in edges)
                for name, edges in node.drives.items()
            }
            parameters = {key: int(value[position]) for key, value in constants.items()}
            following, spikes[position] = neuron_step(node, states, drives, parameters)
            self.states[node.name][position] = following
            for key, value in (following | {"s": spikes[position]}).items():
                self.arrays[node.name][key][(step, *position)] = value
        return spikes


def neuron_step(
    node: Neuron,
    states: Mapping[str, int],
    drives: Mapping[str, int],
    parameters: Mapping[str, int],
) -> tuple[dict[str, int], int]:
    """Return one neuron's next states and spike."""
    if node.system == LOIHI and node.equations.same_computation(CUBA_LIF):
        (drive,) = drives.values()
        u, v, s = loihi_step(states["u"], states["v"], drive, **parameters)
        return {"u": u, "v": v}, s
    operands = {Op.INPUT: drives, Op.STATE: states, Op.PARAMETER: parameters}
    return Exact(node.equations, node.system).step(operands)
