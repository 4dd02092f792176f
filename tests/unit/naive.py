"""Programs carried out neuron by neuron in plain Python integers: the meaning, written twice.

Nothing is shared with the golden interpreter but the program's data: no NumPy arithmetic, no
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

Place = tuple[int, ...]
# One sample's values of a layer in one step.
Values = dict[Place, int]

HALF, TURN = 1 << 23, 1 << 24


def to_zero(x: int, bits: int) -> int:
    """x / 2**bits rounded toward zero."""
    return (abs(x) >> bits) * (1 if x >= 0 else -1)


def once(x: int, bits: int) -> int:
    """One turn at most, into (-half, half]."""
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
    """Loihi's compartment: the next current and voltage, and the spike."""
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
    """Every layer's spikes and states, (T, N, ...)."""
    runs = [_Sample(program, samples[:, n]) for n in range(samples.shape[1])]
    return {
        layer.name: {
            key: np.stack([one.arrays[layer.name][key] for one in runs], axis=1)
            for key in ("s", *layer.equations.states)
        }
        for layer in program.layers
    }


class _Sample:
    """One sample's way through a program."""

    def __init__(self, program: Program, inputs: NDArray[np.int64]) -> None:
        self.program = program
        steps = inputs.shape[0]
        # By node, a step's values after another; by layer, the states.
        self.past: dict[str, list[Values]] = {node.name: [] for node in program.nodes}
        self.states: dict[str, dict[Place, dict[str, int]]] = {
            layer.name: {
                place: dict.fromkeys(layer.equations.states, 0) for place in self.places(layer.name)
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

    def places(self, name: str) -> list[Place]:
        return list(product(*map(range, self.program.shapes[name])))

    def read(self, edge: Edge, step: int) -> Values:
        if step < edge.delay:
            return dict.fromkeys(self.places(edge.source), 0)
        return self.past[edge.source][step - edge.delay]

    def values(self, node: Any, step: int, given: NDArray[np.int64]) -> Values:
        if isinstance(node, Input):
            return {place: int(given[place]) for place in self.places(node.name)}
        if isinstance(node, Neuron):
            return self.neurons(node, step)
        if isinstance(node, Dense):
            return {(o,): self.weighted(node, step, o) for o in range(node.weight.shape[0])}
        x = self.read(node.source, step)
        if isinstance(node, Flatten):
            # Places are listed in C order.
            return {(n,): x[place] for n, place in enumerate(self.places(node.source.source))}
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
        for o, row, column in self.places(node.name):
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
        given = {key: np.broadcast_to(value, shape) for key, value in node.parameters.items()}
        spikes = {}
        for place in self.places(node.name):
            states = self.states[node.name][place]
            drives = {
                name: sum(read[edge][place] for edge in edges)
                for name, edges in node.drives.items()
            }
            parameters = {key: int(value[place]) for key, value in given.items()}
            following, spikes[place] = neuron_step(node, states, drives, parameters)
            self.states[node.name][place] = following
            for key, value in (following | {"s": spikes[place]}).items():
                self.arrays[node.name][key][(step, *place)] = value
        return spikes


def neuron_step(
    node: Neuron,
    states: Mapping[str, int],
    drives: Mapping[str, int],
    parameters: Mapping[str, int],
) -> tuple[dict[str, int], int]:
    """One neuron's next states and spike."""
    if node.system == LOIHI and node.equations.same_computation(CUBA_LIF):
        (drive,) = drives.values()
        u, v, s = loihi_step(states["u"], states["v"], drive, **parameters)
        return {"u": u, "v": v}, s
    given = {Op.INPUT: drives, Op.STATE: states, Op.PARAMETER: parameters}
    return Exact(node.equations, node.system).step(given)
