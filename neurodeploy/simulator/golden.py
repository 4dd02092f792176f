"""The golden interpreter: what a program means, in plain NumPy int64, one step after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.narrow import row_pieces
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.program import (
    Arithmetic,
    Conv2d,
    Dense,
    Edge,
    Input,
    MaxPool2d,
    Neuron,
    Node,
    Program,
    Selection,
)
from neurodeploy.simulator.samples import checked_integers
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics import Op, evaluate
from snncore.dynamics.sent import sends_spikes

Array = NDArray[np.int64]
# Of a convolution in one step; fewer take no time.
_MANY_PRODUCTS = 1 << 22


def run_golden(program: Program, samples: NDArray[Any]) -> Trace:
    """Return the trace of the program's integers (T, N, ...), every layer and step.

    Raises:
        SamplesError: if the samples do not fit the program's input.
        UnknownKindError: if the interpreter does not know a kind of node.
    """
    inputs = checked_integers(program, samples)
    run = GoldenRun(program, inputs.shape[1])
    recorded: dict[str, dict[str, list[Array]]] = {
        layer.name: {key: [] for key in ("s", *layer.equations.states)} for layer in program.layers
    }
    for row in inputs:
        run.advance(row)
        for name, shown in run.shown.items():
            for key, values in shown.items():
                recorded[name][key].append(values)
    layers = {
        node.name: LayerTrace(
            {key: np.stack(values) for key, values in recorded[node.name].items()},
            sends_spikes(node.equations),
        )
        for node in program.layers
    }
    return Trace(layers, program.output, program.readout)


class GoldenRun:
    """A run, one step after another; it remembers what the next steps read.

    `past` has the values of sources that edges bring late, the oldest first; `shown` has what each
    layer sent in the last step, and its states.
    """

    def __init__(self, program: Program, count: int) -> None:
        self.zeros = {
            name: np.zeros((count, *shape), dtype=np.int64)
            for name, shape in program.shapes.items()
        }
        self.states = {
            layer.name: dict.fromkeys(layer.equations.states, self.zeros[layer.name])
            for layer in program.layers
        }
        self.past = {
            source: [self.zeros[source]] * steps for source, steps in program.late_sources.items()
        }
        self.shown: dict[str, dict[str, Array]] = {}
        self._values: dict[str, Array] = {}
        # The function for each kind is looked up once, not in every step.
        self._computed = [(node, _VALUE.of(node)) for node in program.nodes]

    def advance(self, row: Array) -> None:
        """Take every node one step on, given the row (N, ...) of the samples."""
        self._values = {}
        for node, value in self._computed:
            self._values[node.name] = value(node, self, row)
        for source, values in self.past.items():
            self.past[source] = [*values[1:], self._values[source]]

    def neurons(self, node: Neuron) -> Array:
        """Take a layer one step on, and return what it sends."""
        nothing = np.zeros_like(self.zeros[node.name])
        drives = {
            name: sum((self.value(edge) for edge in edges), start=nothing)
            for name, edges in node.drives.items()
        }
        states, result = neuron_step(node, self.states[node.name], drives)
        self.states[node.name] = states
        self.shown[node.name] = {"s": result, **states}
        return result

    def value(self, edge: Edge) -> Array:
        """Return the source's value as many steps ago as the edge takes; zeros before the first."""
        return self.past[edge.source][-edge.delay] if edge.delay else self._values[edge.source]


# The value of a node in one step of a run, given the step and its row of the samples.
_VALUE = KindTable[[GoldenRun, Array], Array]("the golden interpreter")
# The value of a node without states, given those of its sources (N, ...).
combine = KindTable[..., Array]("the golden interpreter of nodes without states")


@_VALUE.register(Input)
def _input(node: Input, run: GoldenRun, row: Array) -> Array:
    return row


@_VALUE.register(Neuron)
def _neurons(node: Neuron, run: GoldenRun, row: Array) -> Array:
    return run.neurons(node)


@_VALUE.register(Dense)
def _dense(node: Dense, run: GoldenRun, row: Array) -> Array:
    return weighted(node, [(run.value(edge), weight) for edge, weight in node.delayed_weights])


@_VALUE.register(Conv2d, Selection, Arithmetic)
def _combined(node: Node, run: GoldenRun, row: Array) -> Array:
    return combine(node, *(run.value(edge) for edge in node.sources))


@combine.register(Dense)
def _plain(node: Dense, x: Array) -> Array:
    return weighted(node, [(x, node.narrow_weight)])


@combine.register(Conv2d)
def _convolved(node: Conv2d, x: Array) -> Array:
    return wrap(correlate(x, node), node.accumulator_bits)


@combine.register(MaxPool2d)
def _pooled(node: MaxPool2d, x: Array) -> Array:
    return largest(x, node)


@combine.register(Selection)
def _selected(node: Selection, *values: Array) -> Array:
    return node.select(*values)


@combine.register(Arithmetic)
def _computed(node: Arithmetic, *values: Array) -> Array:
    return node.computed(*values)


def weighted(node: Dense, parts: Sequence[tuple[Array, NDArray[Any]]]) -> Array:
    """Return the sum over all delays, each weighed and shifted by itself."""
    total = sum((product(x, weight) >> node.shift for x, weight in parts), start=np.int64(0))
    return wrap(np.asarray(total), node.accumulator_bits)


def product(x: Array, weight: NDArray[Any]) -> Array:
    """Return sums of 64 bits, of some outputs at a time: weights are stored narrow."""
    sums = [x @ weight[rows].astype(np.int64).T for rows in row_pieces(weight)]
    return np.concatenate(sums, axis=-1)


def correlate(x: Array, node: Conv2d) -> Array:
    """Return the correlation, one position of the kernel after another."""
    (top, left), (down, right), (apart_y, apart_x) = node.padding, node.stride, node.dilation
    carrier: Any = np.float64 if _is_large(x, node) and _float_holds(x, node) else np.int64
    padded = np.pad(x.astype(carrier), ((0, 0), (0, 0), (top, top), (left, left)))
    weight = node.narrow_weight.astype(carrier)
    outputs, inputs, height, width = weight.shape
    rows = (padded.shape[2] - apart_y * (height - 1) - 1) // down + 1
    columns = (padded.shape[3] - apart_x * (width - 1) - 1) // right + 1
    result = np.zeros((x.shape[0], outputs, rows, columns), dtype=carrier)
    each, is_float = outputs // node.groups, carrier is np.float64
    for group in range(node.groups):
        mine = slice(group * each, (group + 1) * each)
        source = padded[:, group * inputs : (group + 1) * inputs]
        for i in range(height):
            for j in range(width):
                y, z = i * apart_y, j * apart_x
                seen = source[:, :, y : y + down * rows : down, z : z + right * columns : right]
                seen = seen[:, :, :rows, :columns]
                share = weight[mine, :, i, j]
                result[:, mine] += np.einsum("ncyx,oc->noyx", seen, share, optimize=is_float)
    return result.astype(np.int64)


def _is_large(x: Array, node: Conv2d) -> bool:
    """Return whether NumPy takes long for the products of integers, which it does one by one."""
    return bool(x.size // x.shape[1] * node.narrow_weight.size > _MANY_PRODUCTS)


def _float_holds(x: Array, node: Conv2d) -> bool:
    """Return whether no partial sum reaches 2^53, below which float64 has every integer."""
    weight = node.narrow_weight
    sums = sum(int(np.abs(row.astype(np.int64)).sum()) for row in weight)
    return int(np.abs(x).max(initial=0)) * sums < 1 << 53


def largest(x: Array, node: MaxPool2d) -> Array:
    """Return the largest value of every window, one position of the window after another."""
    (top, left), (down, right) = node.padding, node.stride
    # Below every value, so that padding is never the largest.
    padded = np.pad(
        x, ((0, 0), (0, 0), (top, top), (left, left)), constant_values=np.iinfo(np.int64).min
    )
    rows = (padded.shape[2] - node.kernel[0]) // down + 1
    columns = (padded.shape[3] - node.kernel[1]) // right + 1
    seen = [
        padded[:, :, i : i + down * rows : down, j : j + right * columns : right][
            :, :, :rows, :columns
        ]
        for i in range(node.kernel[0])
        for j in range(node.kernel[1])
    ]
    result: Array = np.max(seen, axis=0)
    return result


def neuron_step(
    node: Neuron, states: dict[str, Array], drives: dict[str, Array]
) -> tuple[dict[str, Array], Array]:
    """Return the next states and the spikes of one layer."""
    following, fired = evaluate(node.integer_equations, GOLDEN, states, drives, node.parameters)
    (x, *_) = drives.values()
    shape = np.broadcast_shapes(x.shape, *(value.shape for value in states.values()))
    full = {key: np.broadcast_to(value, shape).astype(np.int64) for key, value in following.items()}
    return full, np.broadcast_to(fired, shape).astype(np.int64)


def wrap(x: Array, bits: int) -> Array:
    """Wrap to the two's complement of some bits."""
    half = 1 << (bits - 1)
    result: Array = (x + half) % (2 * half) - half
    return result


def wrap_once(x: Array, bits: int) -> Array:
    """Wrap at most once, into (-half, half]."""
    half = 1 << (bits - 1)
    up = np.where(x <= -half, x + 2 * half, x)
    result: Array = np.where(x > half, x - 2 * half, up)
    return result


def shift_to_zero(x: Array, bits: int) -> Array:
    """Divide by a power of two, rounded toward zero."""
    result: Array = np.sign(x) * (np.abs(x) >> bits)
    return result


def fires(distance: Array, strict: bool) -> Array:
    """Return 1 where the distance has reached zero (strict: passed it)."""
    return (distance > 0 if strict else distance >= 0).astype(np.int64)


GOLDEN: dict[Op, Callable[..., Any]] = {
    Op.ADD: np.add,
    Op.SUBTRACT: np.subtract,
    Op.MULTIPLY: np.multiply,
    Op.NEGATE: np.negative,
    Op.MINIMUM: np.minimum,
    Op.MAXIMUM: np.maximum,
    Op.ABSOLUTE: np.abs,
    Op.GREATER: lambda x, y: np.greater(x, y).astype(np.int64),
    Op.GREATER_EQUAL: lambda x, y: np.greater_equal(x, y).astype(np.int64),
    Op.SELECT: np.where,
    Op.SPIKE: fires,
    Op.SHIFT_LEFT: np.left_shift,
    Op.SHIFT_TO_ZERO: shift_to_zero,
    Op.SHIFT_FLOOR: np.right_shift,
    Op.WRAP: wrap,
    Op.WRAP_ONCE: wrap_once,
    Op.CLIP: lambda x, limits: np.clip(x, limits[0], limits[1]),
}
