"""A torch network as a graph: every layer read once, shapes explicit, torch left behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
    recurrent_nodes,
    synapse_nodes,
    weight_nodes,
)
from neurodeploy.frontend.layers.convolutions import convolution
from neurodeploy.frontend.layers.encoders import Samples
from neurodeploy.frontend.layers.moving import concat, moved, pooled
from neurodeploy.frontend.readouts import decoder_node, read_out, require_spikes
from neurodeploy.graph import Node
from quant.convert.transposed import with_zeros
from quant.layer.synapse import GridLayer
from snncore import layer, neuron
from snncore.layer.moving import Moving


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
        # A call that is one minus a value -> that value.
        self.complements: dict[str, str] = {}
        self.samples = Samples()

    def build(self) -> g.Graph:
        calls = calls_of(self.network)
        for call in calls.calls:
            if call.decoder is not None:
                self._read_out(call.inputs[0])
            self._call(call)
        output = self._value(calls.output, "output")
        self._read_out(calls.output)
        self.samples.require_encoded()
        self.nodes[0] = g.Input(INPUT, self.shapes[INPUT], self.samples.encoding)
        return g.Graph(tuple(self.nodes), output)

    def _read_out(self, call: str) -> None:
        """Append a readout behind the sums of a call, which nothing else reads."""
        name = self.values[call]
        if self.nodes[-1].name != name:
            return
        modules = dict(self.network.named_modules())
        self.nodes = read_out(self.nodes, name, modules.get("" if name == "network" else name))
        self.shapes[f"{name}.synapse"] = self.shapes[name]

    def _call(self, call: TracedCall) -> None:
        if call.function == "complement":
            self.complements[call.name] = call.inputs[0]
            return
        if call.function == "multiply":
            self._append(self._product(call))
            self.values[call.name] = call.name
            return
        sources = [self._value(name, call.name) for name in call.inputs]
        module = call.layer_in(self.network) if call.function == "module" else None
        if self.samples.passed(call, module):
            self.values[call.name] = sources[0]
            return
        if call.function == "add":
            self._append(g.Add(call.name, tuple(Edge(source) for source in sources)))
        elif call.function == "flatten":
            self._append(g.Flatten(call.name, Edge(sources[0])))
        elif call.decoder is not None:
            require_spikes(call.decoder, call.name, sources[0], self.nodes)
            self._append(decoder_node(call.decoder, call.name, Edge(sources[0])))
        elif module is None:
            raise refused(call.name, call.function)
        else:
            for node in self._nodes(module, call.name, sources):
                self._append(node)
        # A way back stands behind the neurons that it reads.
        recurrent = isinstance(module, layer.Recurrent)
        self.values[call.name] = call.name if recurrent else self.nodes[-1].name

    def _value(self, name: str, reader: str) -> str:
        """Return the node that holds a call's value."""
        if name in self.complements:
            raise UnsupportedLayerError(
                f"{reader}: reads one minus {self.complements[name]}, which only a product may",
                remedy="multiply it with other spikes, as a * (1 - b)",
            )
        return self.values[name]

    def _product(self, call: TracedCall) -> Node:
        """Return the product of two values, or of one and one minus the other."""
        first, second = call.inputs
        if first in self.complements:
            first, second = second, first
        names = (first, self.complements.get(second, second))
        edges = tuple(Edge(self._value(name, call.name)) for name in names)
        return g.Multiply(call.name, edges, second in self.complements)

    def _nodes(self, module: nn.Module, name: str, sources: list[str]) -> Sequence[Node]:
        """Return the nodes of a layer; one that joins values reads several."""
        if isinstance(module, layer.SpikeAttention):
            edges = tuple(map(Edge, sources))
            return [g.Attention(name, edges, module.heads, module.scale)]
        if isinstance(module, layer.Concat):
            shapes = [self.shapes[source] for source in sources]
            return [concat(module, name, tuple(map(Edge, sources)), shapes[0])]
        if len(sources) > 1:
            raise UnsupportedLayerError(
                f"{name}: {type(module).__name__} reads {len(sources)} values; those of a network "
                "that is exported read one",
                remedy="add the values up before the neurons, or train in floats",
            )
        return nodes_of(module, name, Edge(sources[0]), self.shapes[sources[0]])

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
def _(module: layer.Vote, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    require(len(shape) == 1, f"{name}: takes one axis of voters and is given {shape}")
    try:
        return [g.Dense(name, source, _array(module.weights(shape[0])))]
    except ValueError as error:
        raise UnsupportedLayerError(f"{name}: {error}") from error


@nodes_of.register(layer.WSLinear)
@nodes_of.register(layer.WSConv1d)
@nodes_of.register(layer.WSConv2d)
@nodes_of.register(layer.WSConv3d)
@nodes_of.register(layer.TemporalBatchNorm1d)
@nodes_of.register(layer.TemporalBatchNorm2d)
@nodes_of.register(layer.TemporalBatchNorm3d)
def _(module: Any, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    try:
        return nodes_of(module.plain(), name, source, shape)
    except ValueError as error:
        raise UnsupportedLayerError(f"{name}: {error}") from error


@nodes_of.register(layer.Conv1d)
@nodes_of.register(layer.Conv2d)
@nodes_of.register(layer.Conv3d)
def _(module: Any, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    weight, bias = _array(module.weight), _optional(module.bias)
    return convolution(name, source, shape, weight, module, bias=bias)


@nodes_of.register(layer.ConvTranspose1d)
@nodes_of.register(layer.ConvTranspose2d)
@nodes_of.register(layer.ConvTranspose3d)
def _(module: Any, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    nodes: list[Node] = []
    for label, part in with_zeros(module, name).named_children():
        within = name if label == "weights" else f"{name}.{label}"
        for node in nodes_of(part, within, source, shape):
            nodes.append(node)
            shape, source = node.output_shape([shape]), Edge(node.name)
    return nodes


@nodes_of.register
def _(module: layer.SumPool2d, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [g.SumPool2d(name, source, module.kernel_size, module.stride)]


@nodes_of.register(layer.MaxPool1d)
@nodes_of.register(layer.MaxPool2d)
def _(module: Any, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    _plain_windows(name, module, dilation=(1,) * module.dimensions, ceil_mode=False)
    windows = (module.kernel_size, (1,)), (module.stride, (1,)), (module.padding, (0,))
    form = [_pair(sizes, alone) for sizes, alone in windows]
    return pooled(lambda edge: g.MaxPool2d(name, edge, *form), source, shape, module.dimensions)


@nodes_of.register(layer.AvgPool1d)
@nodes_of.register(layer.AvgPool2d)
def _(module: Any, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    _plain_windows(name, module, padding=(0,) * module.dimensions, ceil_mode=False)
    kernel, stride = (_pair(sizes, (1,)) for sizes in (module.kernel_size, module.stride))
    form = (kernel, stride, 1.0 / prod(kernel))
    return pooled(lambda edge: g.SumPool2d(name, edge, *form), source, shape, module.dimensions)


@nodes_of.register(layer.AdaptiveAvgPool1d)
@nodes_of.register(layer.AdaptiveAvgPool2d)
@nodes_of.register(layer.AdaptiveSumPool2d)
def _(module: Any, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    axes = module.dimensions
    words = f"{name}: takes {'(C, L)' if axes == 1 else '(C, H, W)'} and is given {shape}"
    require(len(shape) == axes + 1, words)
    try:
        kernel = _pair(module.windows(*shape[1:]), (1,))
    except ValueError as error:
        raise UnsupportedLayerError(f"{name}: {error}") from error
    adds = isinstance(module, layer.AdaptiveSumPool2d)
    form = (kernel, kernel, 1.0 if adds else 1.0 / prod(kernel))
    return pooled(lambda edge: g.SumPool2d(name, edge, *form), source, shape, axes)


@nodes_of.register(layer.BatchNorm1d)
@nodes_of.register(layer.BatchNorm2d)
@nodes_of.register(layer.BatchNorm3d)
def _(module: Any, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    scale, offset = module.folded()
    return [g.BatchNorm(name, source, _array(scale), _array(offset))]


@nodes_of.register
def _(module: layer.Affine, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    each = np.ones(shape[0])
    return [g.BatchNorm(name, source, each * module.scale, each * module.offset)]


@nodes_of.register
def _(module: layer.GroupNorm, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    ones = torch.ones(module.num_channels)
    scale = ones if module.weight is None else module.weight
    offset = 0 * ones if module.bias is None else module.bias
    form = (module.num_groups, module.eps)
    return [g.GroupNorm(name, source, _array(scale), _array(offset), *form)]


@nodes_of.register
def _(module: layer.Flatten, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [g.Flatten(name, source)]


@nodes_of.register(Moving)
@nodes_of.register(layer.Upsample)
def _(module: nn.Module, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [moved(module, name, source, shape)]


@nodes_of.register
def _(module: layer.Delay, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [g.Delay(name, source, np.array(module.steps, dtype=np.float64))]


@nodes_of.register
def _(module: layer.LearnedDelay, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return nodes_of(module.frozen(), name, source, shape)


@nodes_of.register
def _(module: layer.Recurrent, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    if not isinstance(module.body, neuron.EquationNeuron):
        return recurrent_nodes(module, name, source, shape)
    if module.feedback is None and not module.separate:
        total = g.Add(f"{name}.sum", (source, Edge(name, 1)))
        return [total, *nodes_of(module.body, name, Edge(total.name), shape)]
    if not isinstance(module.feedback, layer.Linear):
        return recurrent_nodes(module, name, source, shape)
    return _fed_back(module, name, source, shape)


def _fed_back(module: Any, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    """Return neurons of floats, and the weights that bring back what they sent."""
    body, feedback = module.body, module.feedback
    late = module.from_start or module.separate or feedback.bias is None
    weights = (_array(feedback.weight), _optional(feedback.bias))
    # A bias that does not apply in the first step waits with its sums.
    back = g.Dense(f"{name}.feedback", Edge(name, int(late)), *weights)
    if module.separate:
        (neurons,) = nodes_of(body, name, source, shape)
        assert isinstance(neurons, g.Neuron)
        return [back, replace(neurons, second=Edge(back.name))]
    total = g.Add(f"{name}.sum", (source, Edge(back.name, int(not late))))
    summed = nodes_of(body, name, Edge(total.name), shape)
    return [back, total, *summed] if late else [total, *summed, back]


@nodes_of.register
def _(module: neuron.EquationNeuron, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    if any(module.initial.values()):
        raise UnsupportedLayerError(
            f"{name}: a graph's states start at zero, and these do not",
            remedy="quantize it, which writes where they start: quant.prepare",
        )
    module.input_shape = shape
    values = {
        key: _array(value) if isinstance(value, Tensor) else np.array(value)
        for key, value in module.parameter_values.items()
    }
    return [g.Neuron(name, source, module.equations, values)]


@nodes_of.register
def _(module: GridLayer, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return synapse_nodes(module, name, source, shape)


@nodes_of.register
def _(module: quant.SumPool2d, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return weight_nodes(module, name, source, shape, None)


@nodes_of.register
def _(module: quant.ChipNeuron, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return [neuron_node(module, name, source, shape)]


@nodes_of.register
def _(module: quant.ComplexBlock, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return complex_nodes(module, name, source, shape)


@nodes_of.register
def _(module: quant.Block, name: str, source: Edge, shape: Shape) -> Sequence[Node]:
    return block_nodes(module, name, source, shape)


def _pair(sizes: tuple[int, ...], alone: tuple[int]) -> Pair:
    """Return height and width; a line is an image of one row, whose height is `alone`."""
    height, width = sizes if len(sizes) == 2 else (*alone, *sizes)
    return height, width


def _plain_windows(name: str, module: nn.Module, **expected: Any) -> None:
    for key, value in expected.items():
        if getattr(module, key) != value:
            raise UnsupportedLayerError(
                f"{name}.{key}: {getattr(module, key)} cannot be part of a graph",
                remedy=f"make the pool with {key}={value}",
            )


def _array(values: Tensor) -> Any:
    tensor = values.detach().cpu()
    # NumPy lacks some of torch's floats; a graph converts its numbers to doubles.
    return (tensor if tensor.dtype == torch.float64 else tensor.float()).numpy()


def _optional(values: Tensor | None) -> Any:
    return None if values is None else _array(values)
