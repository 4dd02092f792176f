"""A network in floats, run in double precision: what its file is held against, within a tolerance.

One node after another, one step after another, as the golden interpreter does with integers.
Neurons compute their equations in real numbers: what a number system would round is not rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge, Node, Pair
from neurodeploy.errors import SamplesError, ValidationError
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics import evaluate
from snncore.dynamics.printing.register_words import REGISTER_TABLE
from snncore.dynamics.sent import sends_spikes

Array = NDArray[np.float64]


def run_floats(graph: g.Graph, samples: Any) -> Trace:
    """The trace of samples (T, N, ...), every layer and step.

    Raises:
        SamplesError: if the samples do not fit the network's input.
    """
    inputs = checked_floats(graph, samples)
    run = _Run(graph, inputs.shape[1])
    for row in inputs:
        for node in graph.nodes:
            run.compute(node, row)
        run.step += 1
    layers = {
        node.name: LayerTrace(
            {key: np.stack(values) for key, values in run.kept[node.name].items()},
            sends_spikes(node.equations),
        )
        for node in graph.layers
    }
    return Trace(layers, graph.output)


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

    def compute(self, node: Node, row: Array) -> None:
        """The node's value in this step."""
        if isinstance(node, g.Input):
            value = row
        elif isinstance(node, g.Neuron):
            value = self._neurons(node)
        else:
            value = _combined(node, [self._value(edge) for edge in node.sources])
        self.values[node.name].append(value)

    def _value(self, edge: Edge) -> Array:
        """What the edge brings: the source's value so many steps ago, or nothing yet."""
        place = self.step - edge.delay
        return self.values[edge.source][place] if place >= 0 else self.zeros[edge.source]

    def _neurons(self, node: g.Neuron) -> Array:
        equations, states = node.equations, self.states[node.name]
        drives = [self._value(edge) for edge in node.sources]
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
    """The samples (T, N, ...) in double precision.

    Raises:
        SamplesError: if the shape does not fit, or a value is NaN or infinite.
    """
    held = samples.detach().cpu().numpy() if hasattr(samples, "detach") else np.asarray(samples)
    name, shape = graph.input.name, graph.input.shape
    wanted = "(T, N, " + ", ".join(map(str, shape)) + ")"
    if held.ndim < 3 or held.shape[2:] != shape or 0 in held.shape:
        raise SamplesError(f"{name}: samples are {held.shape}, not {wanted}")
    if held.dtype.kind not in "biuf" or not np.isfinite(held).all():
        raise SamplesError(f"{name}: a sample is no finite number")
    return held.astype(np.float64)


def _combined(node: Node, sources: list[Array]) -> Array:
    """What a node without states makes of its sources (N, ...)."""
    x = sources[0]
    if isinstance(node, g.Add):
        total: Array = np.sum(sources, axis=0)
        return total
    if isinstance(node, g.Flatten):
        return x.reshape(len(x), -1)
    if isinstance(node, g.Linear):
        return x @ node.weight.T + (0.0 if node.bias is None else node.bias)
    if isinstance(node, g.BatchNorm):
        shape = (-1, *[1] * (x.ndim - 2))
        return x * node.scale.reshape(shape) + node.offset.reshape(shape)
    if isinstance(node, g.Conv2d):
        return _correlated(x, node)
    if isinstance(node, g.MaxPool2d):
        padded = _padded(x, node.padding, -np.inf)
        largest: Array = np.max(_windows(padded, node.kernel, node.stride), axis=0)
        return largest
    if isinstance(node, g.SumPool2d):
        seen: Array = np.sum(_windows(x, node.kernel, node.stride), axis=0) * node.weight
        return seen
    raise ValidationError(f"{node.name}: {type(node).__name__} is not run in floats")


def _correlated(rows: Array, node: g.Conv2d) -> Array:
    outputs, inputs, *kernel = node.narrow_weight.shape
    padded = _padded(rows, node.padding, 0.0)
    seen = _windows(padded, (kernel[0], kernel[1]), node.stride, node.dilation)
    weight = node.weight.reshape(outputs, inputs, -1)
    each = outputs // node.groups
    groups = []
    for group in range(node.groups):
        taken = np.stack([s[:, group * inputs : (group + 1) * inputs] for s in seen])
        own = weight[group * each : (group + 1) * each]
        groups.append(np.einsum("kncyx,ock->noyx", taken, own, optimize=True))
    result: Array = np.concatenate(groups, axis=1)
    return result if node.bias is None else result + node.bias[:, None, None]


def _padded(rows: Array, padding: Pair, value: float) -> Array:
    (top, left) = padding
    around = ((0, 0), (0, 0), (top, top), (left, left))
    return np.pad(rows, around, constant_values=value)


def _windows(rows: Array, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> list[Array]:
    """For each place of the kernel what every window sees there."""
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
