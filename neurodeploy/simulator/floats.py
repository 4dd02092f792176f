"""A network in floats, run in double precision: the reference of its file, within a tolerance.

One node after another, one step after another, as the golden interpreter does with integers.
Neurons compute their equations in real numbers: nothing is rounded as a number system does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph as g
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge, Pair
from neurodeploy.errors import SamplesError
from neurodeploy.simulator.samples import FINITE
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics import evaluate
from snncore.dynamics.printing.register_words import REGISTER_TABLE
from snncore.dynamics.sent import sends_spikes

Array = NDArray[np.float64]


def run_floats(graph: g.Graph, samples: Any) -> Trace:
    """Return the trace of samples (T, N, ...), every layer and step.

    Raises:
        SamplesError: if the samples do not fit the network's input.
        UnknownKindError: if the engine does not know a kind of node.
    """
    inputs = checked_floats(graph, samples)
    run = _Run(graph, inputs.shape[1])
    # The function for each kind is looked up once, not in every step.
    computed = [(node, run.values[node.name], _VALUE.of(node)) for node in graph.nodes]
    for row in inputs:
        for node, values, value in computed:
            values.append(value(node, run, row))
        run.step += 1
    layers = {
        node.name: LayerTrace(
            {key: np.stack(values) for key, values in run.kept[node.name].items()},
            sends_spikes(node.equations),
        )
        for node in graph.layers
    }
    return Trace(layers, graph.output, graph.readout)


class _Run:
    """Every value so far, and the states after the last step."""

    def __init__(self, graph: g.Graph, count: int) -> None:
        self.step = 0
        self.values: dict[str, list[Array]] = {node.name: [] for node in graph.nodes}
        self.zeros = {name: np.zeros((count, *shape)) for name, shape in graph.shapes.items()}
        self.states = {
            node.name: dict.fromkeys(node.equations.states, self.zeros[node.name])
            for node in graph.layers
        }
        self.kept: dict[str, dict[str, list[Array]]] = {
            node.name: {key: [] for key in (*node.equations.states, "s")} for node in graph.layers
        }

    def value(self, edge: Edge) -> Array:
        """Return the source's value as many steps ago as the edge takes; zeros before the first."""
        step = self.step - edge.delay
        return self.values[edge.source][step] if step >= 0 else self.zeros[edge.source]

    def neurons(self, node: g.Neuron) -> Array:
        """Take a layer one step on, record it, and return what it sends."""
        equations, states = node.equations, self.states[node.name]
        drives = [self.value(edge) for edge in node.sources]
        inputs = dict(zip(equations.inputs, drives, strict=True))
        following, output = evaluate(equations, REGISTER_TABLE, states, inputs, node.parameters)
        full = {
            key: np.array(np.broadcast_to(value, drives[0].shape), dtype=np.float64)
            for key, value in {**following, "s": output}.items()
        }
        for key, value in full.items():
            self.kept[node.name][key].append(value)
        sent = full.pop("s")
        self.states[node.name] = full
        return sent


def checked_floats(graph: g.Graph, samples: Any) -> Array:
    """Return the samples (T, N, ...) in double precision.

    Raises:
        SamplesError: if the shape does not fit, or a value is NaN or infinite.
    """
    array = samples.detach().cpu().numpy() if hasattr(samples, "detach") else np.asarray(samples)
    name, shape = graph.input.name, graph.input.shape
    expected = "(T, N, " + ", ".join(map(str, shape)) + ")"
    if array.ndim < 3 or array.shape[2:] != shape or 0 in array.shape:
        remedy = f"time first, then the batch, then {shape}, and none of them empty"
        raise SamplesError(f"{name}: samples are {array.shape}, not {expected}", remedy=remedy)
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise SamplesError(f"{name}: a sample is not a finite number", remedy=FINITE)
    return array.astype(np.float64)


# The value of a node in one step of a run, given the row of the samples.
_VALUE = KindTable[[_Run, Array], Array]("the engine of floats")


@_VALUE.register(g.Input)
def _input(node: g.Input, run: _Run, row: Array) -> Array:
    return row


@_VALUE.register(g.Neuron)
def _neurons(node: g.Neuron, run: _Run, row: Array) -> Array:
    return run.neurons(node)


@_VALUE.register(g.Add)
def _add(node: g.Add, run: _Run, row: Array) -> Array:
    total: Array = np.sum([run.value(edge) for edge in node.terms], axis=0)
    return total


@_VALUE.register(g.Selection)
def _selected(node: g.Selection, run: _Run, row: Array) -> Array:
    return node.select(*(run.value(edge) for edge in node.sources))


@_VALUE.register(g.Multiply)
def _multiplied(node: g.Multiply, run: _Run, row: Array) -> Array:
    return node.computed(*(run.value(edge) for edge in node.sources))


@_VALUE.register(g.Attention)
def _attended(node: g.Attention, run: _Run, row: Array) -> Array:
    return node.computed(*(run.value(edge) for edge in node.sources)) * node.scale


@_VALUE.register(g.Dense)
def _linear(node: g.Dense, run: _Run, row: Array) -> Array:
    return run.value(node.source) @ node.weight.T + (0.0 if node.bias is None else node.bias)


@_VALUE.register(g.BatchNorm)
def _batch_norm(node: g.BatchNorm, run: _Run, row: Array) -> Array:
    x = run.value(node.source)
    shape = (-1, *[1] * (x.ndim - 2))
    return x * node.scale.reshape(shape) + node.offset.reshape(shape)


@_VALUE.register(g.GroupNorm)
def _group_norm(node: g.GroupNorm, run: _Run, row: Array) -> Array:
    x = run.value(node.source)
    groups = x.reshape(len(x), node.groups, -1)
    spread = np.sqrt(groups.var(axis=2, keepdims=True) + node.epsilon)
    normed = ((groups - groups.mean(axis=2, keepdims=True)) / spread).reshape(x.shape)
    shape = (-1, *[1] * (x.ndim - 2))
    scaled: Array = normed * node.scale.reshape(shape) + node.offset.reshape(shape)
    return scaled


@_VALUE.register(g.Conv2d)
def _conv2d(node: g.Conv2d, run: _Run, row: Array) -> Array:
    return _correlated(run.value(node.source), node)


@_VALUE.register(g.MaxPool2d)
def _max_pool(node: g.MaxPool2d, run: _Run, row: Array) -> Array:
    padded = _padded(run.value(node.source), node.padding, -np.inf)
    largest: Array = np.max(_windows(padded, node.kernel, node.stride), axis=0)
    return largest


@_VALUE.register(g.SumPool2d)
def _sum_pool(node: g.SumPool2d, run: _Run, row: Array) -> Array:
    seen = _windows(run.value(node.source), node.kernel, node.stride)
    total: Array = np.sum(seen, axis=0) * node.weight
    return total


@_VALUE.register(g.Delay)
def _delay(node: g.Delay, run: _Run, row: Array) -> Array:
    steps = np.broadcast_to(node.steps, run.zeros[node.name].shape[1:2]).astype(int)
    late = {
        count: run.value(Edge(node.source.source, node.source.delay + count)) for count in {*steps}
    }
    return np.stack([late[count][:, channel] for channel, count in enumerate(steps)], axis=1)


def _correlated(rows: Array, node: g.Conv2d) -> Array:
    outputs, inputs, *kernel = node.narrow_weight.shape
    padded = _padded(rows, node.padding, 0.0)
    seen = _windows(padded, (kernel[0], kernel[1]), node.stride, node.dilation)
    weight = node.weight.reshape(outputs, inputs, -1)
    each = outputs // node.groups
    groups = []
    for group in range(node.groups):
        inputs_of_group = np.stack([s[:, group * inputs : (group + 1) * inputs] for s in seen])
        own = weight[group * each : (group + 1) * each]
        groups.append(np.einsum("kncyx,ock->noyx", inputs_of_group, own, optimize=True))
    result: Array = np.concatenate(groups, axis=1)
    return result if node.bias is None else result + node.bias[:, None, None]


def _padded(rows: Array, padding: Pair, value: float) -> Array:
    (top, left) = padding
    around = ((0, 0), (0, 0), (top, top), (left, left))
    return np.pad(rows, around, constant_values=value)


def _windows(rows: Array, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> list[Array]:
    """Return for each position of the kernel what every window sees there."""
    counts = [
        (rows.shape[2 + axis] - dilation[axis] * (kernel[axis] - 1) - 1) // stride[axis] + 1
        for axis in (0, 1)
    ]
    seen = []
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            y, x = i * dilation[0], j * dilation[1]
            part = rows[:, :, y :: stride[0], x :: stride[1]]
            seen.append(part[:, :, : counts[0], : counts[1]])
    return seen
