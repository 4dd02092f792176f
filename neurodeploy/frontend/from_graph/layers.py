"""The layer of each node of a graph in floats."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import torch
from torch import nn

from neurodeploy import graph as g
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.graph import ForeignGraph
from snncore import layer, neuron
from snncore.dynamics.zoo.spiking import Reset

layer_of = KindTable[[ForeignGraph], nn.Module]("the reader of float graphs")


@layer_of.register(g.Dense)
def _dense(node: g.Dense, foreign: ForeignGraph) -> nn.Module:
    outputs, inputs = node.weight.shape
    return _filled(layer.Linear(inputs, outputs, node.bias is not None), node)


@layer_of.register(g.Conv2d)
def _conv2d(node: g.Conv2d, foreign: ForeignGraph) -> nn.Module:
    outputs, inputs, *kernel = node.weight.shape
    module = layer.Conv2d(
        inputs * node.groups,
        outputs,
        (kernel[0], kernel[1]),
        node.stride,
        node.padding,
        node.dilation,
        node.groups,
        node.bias is not None,
    )
    return _filled(module, node)


def _filled(module: Any, node: Any) -> nn.Module:
    with torch.no_grad():
        module.weight.copy_(_tensor(node.weight))
        if node.bias is not None:
            module.bias.copy_(_tensor(node.bias))
    filled: nn.Module = module
    return filled


def _tensor(values: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))


@layer_of.register(g.SumPool2d)
def _pool(node: g.SumPool2d, foreign: ForeignGraph) -> nn.Module:
    if node.weight == 1.0:
        return layer.SumPool2d(node.kernel, node.stride)
    if node.weight == 1.0 / prod(node.kernel):
        return layer.AvgPool2d(node.kernel, node.stride)
    raise UnsupportedLayerError(f"{node.name}: a pool that multiplies its sums by {node.weight:g}")


@layer_of.register(g.Flatten)
def _flatten(node: g.Flatten, foreign: ForeignGraph) -> nn.Module:
    return layer.Flatten()


@layer_of.register(g.Reshape)
def _reshape(node: g.Reshape, foreign: ForeignGraph) -> nn.Module:
    return layer.Reshape(list(foreign.graph.shapes[node.name]))


@layer_of.register(g.Delay)
def _delay(node: g.Delay, foreign: ForeignGraph) -> nn.Module:
    steps = [int(count) for count in np.asarray(node.steps).reshape(-1)]
    return layer.Delay(steps[0] if len(steps) == 1 else steps)


@layer_of.register(g.Neuron)
def _neurons(node: g.Neuron, foreign: ForeignGraph) -> nn.Module:
    exponential = foreign.exponentials.get(node.name, ())
    values: dict[str, Any] = {}
    for key, array in node.parameters.items():
        tensor = _tensor(array)
        tensor = torch.exp(tensor) if key in exponential else tensor
        values[key] = float(tensor) if tensor.ndim == 0 else tensor
    initial = dict.fromkeys(node.equations.states, 0.0) | dict(foreign.initial.get(node.name, {}))
    zoo_neuron = None if any(initial.values()) else _ZOO.get(_computation(node.equations))
    if zoo_neuron is not None:
        kind, choices = zoo_neuron
        module: nn.Module = kind(**values, **choices)
        return module
    return neuron.Defined(node.equations, values, initial)


def _computation(equations: Any) -> tuple[Any, ...]:
    """Return what two equations share that compute the same."""
    results = (equations.next_states, equations.output)
    return (equations.states, equations.inputs, equations.parameters, equations.operations, results)


def _zoo() -> dict[tuple[Any, ...], tuple[Callable[..., Any], dict[str, Any]]]:
    """Return the neurons of our zoo that a graph may be made of, by their equations."""
    fires: list[dict[str, Any]] = [
        {"reset": reset.value, "strict": strict} for reset in Reset for strict in (False, True)
    ]
    leaks = [{"decay_input": inside} for inside in (False, True)]
    forms: list[tuple[Any, dict[str, Any]]] = [
        *((neuron.IF, form) for form in fires),
        *((neuron.LIF, form | leak) for form in fires for leak in leaks),
        *((neuron.LeakyIntegrator, leak) for leak in leaks),
        (neuron.CubaLIF, {}),
    ]
    return {_computation(kind(**form).equations): (kind, form) for kind, form in forms}


_ZOO = _zoo()
