"""A torch network as a graph: every layer read once, shapes explicit, torch left behind."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import quant
from neurodeploy import graph as g
from neurodeploy.data.structure import Edge, Pair, Shape, require
from neurodeploy.errors import UnsupportedLayerError, ValidationError
from neurodeploy.frontend.calls import INPUT, TracedCall, calls_of, refused
from neurodeploy.frontend.checkpoint import input_shape
from neurodeploy.frontend.from_quant import (
    block_nodes,
    complex_nodes,
    neuron_node,
    pool_node,
    recurrent_nodes,
    synapse_node,
)
from neurodeploy.frontend.kinds import is_idle
from neurodeploy.frontend.readouts import decoder_node, read_out
from neurodeploy.graph import Node
from snncore import layer, neuron


def graph_of(network: nn.Module, *, example: Any = None, shape: Shape | None = None) -> g.Graph:
    """Return the graph of a network for inputs shaped like the example (T, N, ...), or `shape`.

    Without either, the shape is the last one that the network saw.

    Raises:
        UnsupportedLayerError: if a layer or an operation cannot be part of a graph.
        ValidationError: if shapes do not fit, or a value is NaN.
    """
    if example is not None:
        if len(example.shape) < 3:
            raise ValidationError(f"the example is {tuple(example.shape)}, not (T, N, ...)")
        shape = tuple(int(length) for length in example.shape[2:])
    input_size = shape if shape is not None else input_shape(network)
    if input_size is None:
        raise ValidationError(
            "the shape of the network's input is not known",
            remedy="give an example or samples, or run the network once before saving it",
        )
    return _Builder(network, input_size).build()


class _Builder:
    def __init__(self, network: nn.Module, shape: Shape) -> None:
        self.network = network
        self.nodes: list[Node] = [g.Input(INPUT, shape)]
        self.shapes: dict[str, Shape] = {INPUT: shape}
        # A call's name -> the node that holds its value.
        self.values: dict[str, str] = {INPUT: INPUT}

    def build(self) -> g.Graph:
        calls = calls_of(self.network)
        for call in calls.calls:
            if call.decoder is not None:
                self._read_out(call.inputs[0])
            self._call(call)
        self._read_out(calls.output)
        return g.Graph(tuple(self.nodes), self.values[calls.output])

    def _read_out(self, call: str) -> None:
        """Append a readout behind the sums of a call, which nothing else reads."""
        name = self.values[call]
        if self.nodes[-1].name != name:
            return
        modules = dict(self.network.named_modules())
        self.nodes = read_out(self.nodes, name, modules.get("" if name == "network" else name))
        self.shapes[f"{name}.synapse"] = self.shapes[name]

    def _call(self, call: TracedCall) -> None:
        sources = [self.values[name] for name in call.inputs]
        if call.function == "add":
            self._append(g.Add(call.name, tuple(Edge(source) for source in sources)))
        elif call.function == "flatten":
            self._append(g.Flatten(call.name, Edge(sources[0])))
        elif call.decoder is not None:
            self._append(decoder_node(call.decoder, call.name, Edge(sources[0])))
        elif call.function != "module":
            raise refused(call.name, call.function)
        else:
            module = self.network.get_submodule(call.target)
            if is_idle(module):
                self.values[call.name] = sources[0]
                return
            for node in nodes_of(module, call.name, Edge(sources[0]), self.shapes[sources[0]]):
                self._append(node)
        self.values[call.name] = self.nodes[-1].name

    def _append(self, node: Node) -> None:
        inputs = [self.shapes[edge.source] for edge in node.sources if edge.source in self.shapes]
        self.shapes[node.name] = node.output_shape(inputs)
        self.nodes.append(node)


@singledispatch
def nodes_of(module: nn.Module, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    """Return the nodes that compute what the module computes.

    Raises:
        UnsupportedLayerError: if there are none.
    """
    raise UnsupportedLayerError(f"{name}: {type(module).__name__} cannot be part of a graph")


@nodes_of.register
def _(module: layer.Linear, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [g.Dense(name, source, _array(module.weight), _optional(module.bias))]


@nodes_of.register
def _(module: layer.Conv2d, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    weight, bias = _array(module.weight), _optional(module.bias)
    return [g.Conv2d(name, source, weight, bias, **_geometry(module))]


@nodes_of.register
def _(module: layer.SumPool2d, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [g.SumPool2d(name, source, module.kernel_size, module.stride)]


@nodes_of.register
def _(module: layer.MaxPool2d, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    _plain_windows(name, module, dilation=(1, 1), ceil_mode=False)
    kernel, stride, padding = module.kernel_size, module.stride, module.padding
    return [g.MaxPool2d(name, source, _pair(kernel), _pair(stride), _pair(padding))]


@nodes_of.register
def _(module: layer.AvgPool2d, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    _plain_windows(name, module, padding=(0, 0), ceil_mode=False)
    mean = 1.0 / prod(module.kernel_size)
    return [g.SumPool2d(name, source, _pair(module.kernel_size), _pair(module.stride), mean)]


@nodes_of.register
def _(module: layer.AdaptiveAvgPool2d, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    require(len(shape) == 3, f"{name}: takes (C, H, W) and is given {shape}")
    try:
        kernel = module.windows(*shape[1:])
    except ValueError as error:
        raise UnsupportedLayerError(f"{name}: {error}") from error
    return [g.SumPool2d(name, source, kernel, kernel, 1.0 / prod(kernel))]


@nodes_of.register(layer.BatchNorm1d)
@nodes_of.register(layer.BatchNorm2d)
def _(module: Any, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    scale, offset = module.folded()
    return [g.BatchNorm(name, source, _array(scale), _array(offset))]


@nodes_of.register
def _(module: layer.Flatten, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [g.Flatten(name, source)]


@nodes_of.register
def _(module: layer.Delay, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [g.Delay(name, source, np.array(module.steps, dtype=np.float64))]


@nodes_of.register
def _(module: layer.Recurrent, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    body, feedback = module.body, module.feedback
    if not isinstance(body, neuron.EquationNeuron) or not isinstance(feedback, layer.Linear):
        return recurrent_nodes(module, name, source, shape)
    if feedback.bias is not None:
        raise UnsupportedLayerError(
            f"{name}: its feedback has a bias, which does not apply in the first step",
            remedy="make it with bias=False; the weights before it may have one",
        )
    back = g.Dense(f"{name}.feedback", Edge(name, 1), _array(feedback.weight))
    total = g.Add(f"{name}.sum", (source, Edge(back.name)))
    return [back, total, *nodes_of(body, name, Edge(total.name), shape)]


@nodes_of.register
def _(module: neuron.EquationNeuron, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    if any(module.initial.values()):
        raise UnsupportedLayerError(f"{name}: a graph's states start at zero, and these do not")
    module.input_shape = shape
    values = {
        key: _array(value) if isinstance(value, Tensor) else np.array(value)
        for key, value in module.parameter_values.items()
    }
    return [g.Neuron(name, source, module.equations, values)]


@nodes_of.register(quant.Linear)
@nodes_of.register(quant.Conv2d)
def _(module: Any, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [synapse_node(module, name, source)]


@nodes_of.register
def _(module: quant.SumPool2d, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [pool_node(module, name, source)]


@nodes_of.register
def _(module: quant.ChipNeuron, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [neuron_node(module, name, source, shape)]


@nodes_of.register
def _(module: quant.ComplexBlock, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return complex_nodes(module, name, source, shape)


@nodes_of.register
def _(module: quant.Block, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return block_nodes(module, name, source, shape)


def _pair(sizes: tuple[int, ...]) -> Pair:
    height, width = sizes
    return height, width


def _plain_windows(name: str, module: nn.Module, **expected: Any) -> None:
    for key, value in expected.items():
        if getattr(module, key) != value:
            raise UnsupportedLayerError(
                f"{name}.{key}: {getattr(module, key)} cannot be part of a graph",
                remedy=f"make the pool with {key}={value}",
            )


def _geometry(module: layer.Conv2d) -> dict[str, Any]:
    return {key: getattr(module, key) for key in ("stride", "padding", "dilation", "groups")}


def _array(values: Tensor) -> Any:
    tensor = values.detach().cpu()
    # NumPy lacks some of torch's floats; a graph converts its numbers to doubles.
    return (tensor if tensor.dtype == torch.float64 else tensor.float()).numpy()


def _optional(values: Tensor | None) -> Any:
    return None if values is None else _array(values)
