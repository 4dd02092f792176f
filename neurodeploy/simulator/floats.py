"""A network in floats, run in double precision: what its file is held against, within a tolerance.

One node after another over whole sequences, plainly; layers that form a loop are not for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph as g
from neurodeploy.errors import SamplesError, ValidationError
from neurodeploy.structure import Node, Pair
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics import evaluate
from snncore.dynamics.words import TABLE

Array = NDArray[np.float64]


def run_floats(graph: g.Graph, samples: Any) -> Trace:
    """The trace of samples (T, N, ...), every layer and step.

    Raises:
        SamplesError: if the samples do not fit the network's input.
        ValidationError: if a layer reads another late.
    """
    values = {graph.input.name: checked_floats(graph, samples)}
    layers: dict[str, LayerTrace] = {}
    for node in graph.nodes:
        if isinstance(node, g.Input):
            continue
        if any(edge.delay for edge in node.sources):
            raise ValidationError(f"{node.name}: reads late, and floats are run without delays")
        sources = [values[edge.source] for edge in node.sources]
        if isinstance(node, g.Neuron):
            layers[node.name] = _neurons(node, sources[0])
            values[node.name] = layers[node.name].s
        else:
            values[node.name] = _combined(node, sources)
    return Trace(layers, graph.output)


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


def _neurons(node: g.Neuron, drive: Array) -> LayerTrace:
    equations = node.equations
    states = {name: np.zeros_like(drive[0]) for name in equations.states}
    kept: dict[str, list[Array]] = {name: [] for name in (*equations.states, "s")}
    for row in drive:
        inputs = {equations.inputs[0]: row}
        following, output = evaluate(equations, TABLE, states, inputs, node.parameters)
        states = {name: np.broadcast_to(value, row.shape) for name, value in following.items()}
        for name, value in {**states, "s": np.broadcast_to(output, row.shape)}.items():
            kept[name].append(np.asarray(value, dtype=np.float64))
    return LayerTrace({name: np.stack(values) for name, values in kept.items()})


def _combined(node: Node, sources: list[Array]) -> Array:
    x = sources[0]
    lead = x.shape[:2]
    if isinstance(node, g.Add):
        total: Array = np.sum(sources, axis=0)
        return total
    if isinstance(node, g.Flatten):
        return x.reshape(*lead, -1)
    if isinstance(node, g.Linear):
        return x @ node.weight.T + (0.0 if node.bias is None else node.bias)
    if isinstance(node, g.BatchNorm):
        shape = (-1, *[1] * (x.ndim - 3))
        return x * node.scale.reshape(shape) + node.offset.reshape(shape)
    rows = x.reshape(-1, *x.shape[2:])
    if isinstance(node, g.MaxPool2d):
        padded = _padded(rows, node.padding, -np.inf)
        result = np.max(_windows(padded, node.kernel, node.stride), axis=0)
    elif isinstance(node, g.SumPool2d):
        result = np.sum(_windows(rows, node.kernel, node.stride), axis=0) * node.weight
    elif isinstance(node, g.Conv2d):
        result = _correlated(rows, node)
    else:
        raise ValidationError(f"{node.name}: {type(node).__name__} is not run in floats")
    return np.asarray(result).reshape(*lead, *result.shape[1:])


def _correlated(rows: Array, node: g.Conv2d) -> Array:
    outputs, inputs, *kernel = node.weight.shape
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
