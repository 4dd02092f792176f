"""Quantized layers as nodes: the chip's integers, times the unit that they count in."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import quant
from neurodeploy import graph as g
from neurodeploy.data.narrow import Multiples, narrowed, row_pieces
from neurodeploy.data.structure import Edge, Shape, require
from neurodeploy.errors import DoesNotFitError, UnsupportedLayerError
from neurodeploy.frontend.layers.convolutions import convolution
from neurodeploy.graph import Node
from quant.grid.exact import require_accumulator
from quant.layer.synapse import GridLayer
from quant.neuron.chip_neuron import Integers
from snncore import layer


def block_nodes(module: quant.Block, name: str, source: Edge, shape: Shape) -> list[Node]:
    """Return the synapses and the neurons of a block."""
    weight, bias = module.folded()
    for value, parameter in ((weight, "synapse.weight"), (bias, "bias")):
        if value is not None:
            _require_finite(value, f"{name}.{parameter}")
    nodes = weight_nodes(module.synapse, f"{name}.synapse", source, shape, weight)
    for node in nodes:
        shape = node.output_shape([shape])
    exponent = module.synapse.exponent
    return [
        *nodes,
        _neurons(module.neuron, name, nodes[-1].name, module.integers(), exponent, shape),
    ]


def synapse_nodes(module: GridLayer, name: str, source: Edge, shape: Shape) -> list[Node]:
    """Return the nodes of weights whose neurons are a separate layer.

    Raises:
        UnsupportedLayerError: if the weights have a bias or unit that only a block can pass on.
    """
    if module.bias is not None:
        raise UnsupportedLayerError(
            f"{name}: the chip adds a bias to the voltage of neurons",
            remedy="put the layer and its neurons into quant.Block",
        )
    if module.log2 is not None:
        raise UnsupportedLayerError(
            f"{name}: its unit is learned or per channel, and its neurons do not know it",
            remedy="put the layer and its neurons into quant.Block",
        )
    _require_finite(module.weight, f"{name}.weight")
    return weight_nodes(module, name, source, shape, module.weight)


@singledispatch
def weight_nodes(
    module: Any, name: str, source: Edge, shape: Shape, weight: Tensor | None
) -> list[Node]:
    """Return the nodes of weights on a chip's grid; the values come with batch norms folded in.

    Raises:
        UnsupportedLayerError: if there are none.
    """
    raise UnsupportedLayerError(f"{name}: {type(module).__name__} cannot be part of a graph")


@weight_nodes.register
def _(
    module: quant.SumPool2d, name: str, source: Edge, shape: Shape, weight: Tensor | None
) -> list[Node]:
    value, bits = module.weight_integer * module.unit, module.format.kernel_bits
    geometry = (module.kernel_size, module.stride)
    return [g.SumPool2d(name, source, *geometry, value, module.exponent, bits)]


@weight_nodes.register
def _(
    module: quant.Linear, name: str, source: Edge, shape: Shape, weight: Tensor | None
) -> list[Node]:
    bits = module.format.dense_bits
    return [
        g.Dense(name, source, _multiples(module, name, weight, bits), None, module.exponent, bits)
    ]


@weight_nodes.register(quant.Conv1d)
@weight_nodes.register(quant.Conv2d)
@weight_nodes.register(quant.Conv3d)
def _(module: Any, name: str, source: Edge, shape: Shape, weight: Tensor | None) -> list[Node]:
    bits = module.format.kernel_bits
    values = _multiples(module, name, weight, bits)
    options = {"exponent": module.exponent, "bits": bits}
    return convolution(name, source, shape, values, module, **options)


def neuron_node(module: quant.ChipNeuron, name: str, source: Edge, shape: Shape) -> Node:
    """Return the node of neurons outside a block."""
    if module.bias is not None:
        _require_finite(module.bias, f"{name}.bias")
    return _neurons(module, name, source.source, module.integers(), module.exponent, shape)


def recurrent_nodes(module: layer.Recurrent, name: str, source: Edge, shape: Shape) -> list[Node]:
    """Return the nodes of neurons that read their own previous spikes through weights.

    Raises:
        UnsupportedLayerError: if the body is not a layer of a chip's neurons, or the feedback is
            not dense weights.
    """
    body, feedback = module.body, module.feedback
    if not isinstance(body, quant.ChipNeuron) or not isinstance(feedback, quant.Linear):
        raise UnsupportedLayerError(
            f"{name}: a recurrent layer of {type(body).__name__} and {type(feedback).__name__} "
            "cannot be part of a graph",
            remedy="use neurons and one layer of weights: layer.Recurrent(neuron.LIF(...), "
            "layer.Linear(n, n)), or quant.CubaLIF(...) and quant.Linear(n, n)",
        )
    (back,) = synapse_nodes(feedback, f"{name}.feedback", Edge(name, 1), shape)
    total = g.Add(f"{name}.sum", (source, Edge(back.name)))
    return [back, total, neuron_node(body, name, Edge(total.name), shape)]


def complex_nodes(module: quant.ComplexBlock, name: str, source: Edge, shape: Shape) -> list[Node]:
    """Return the nodes of two layers of weights, and of the neurons that they drive."""
    (real,) = synapse_nodes(module.real, f"{name}.real", source, shape)
    (imag,) = synapse_nodes(module.imag, f"{name}.imag", source, shape)
    after = real.output_shape([shape])
    neurons = neuron_node(module.neuron, name, Edge(real.name), after)
    assert isinstance(neurons, g.Neuron)
    return [real, imag, replace(neurons, second=Edge(imag.name))]


def _multiples(module: GridLayer, name: str, weights: Tensor | None, bits: int) -> Any:
    """Return a layer's integers, as multiples of its unit."""
    # NumPy's own memory, so that a program can keep it without a copy.
    shape = tuple(module.weight.shape)
    integers = np.empty(shape, torch.empty(0, dtype=module.narrow_type).numpy().dtype)
    module.narrow_integers(weights, out=torch.from_numpy(integers))
    integers.setflags(write=False)
    _require_sums(name, integers, module.largest_input, bits)
    # One of several per-channel units is enough: no neuron sees another's.
    return Multiples(narrowed(integers), module.exponent)


def _neurons(
    module: quant.ChipNeuron,
    name: str,
    source: str,
    integers: Integers,
    exponent: int,
    shape: Shape,
) -> Node:
    system = module.system
    values: dict[str, Any] = {}
    for key, value in integers.items():
        fraction = system.parameter_fraction(key)
        unit = 2.0**-fraction if fraction else 2.0**exponent
        array = _array(value) if isinstance(value, Tensor) else np.float64(value)
        # One value per channel, or one per neuron if the layer has a single axis.
        if array.ndim:
            array = array.reshape(-1, *[1] * (len(shape) - 1))
        values[key] = array * unit
    return g.Neuron(name, Edge(source), module.equations, values, system, exponent)


def _require_sums(name: str, integers: NDArray[Any], inputs: int, bits: int) -> None:
    """Check that sums of spikes fit the accumulators, as training does."""
    largest = 0
    # Take some rows at a time, and widen them: a narrow type's smallest number has no magnitude.
    for rows in row_pieces(integers):
        sizes = np.abs(integers[rows].reshape(len(integers[rows]), -1).astype(np.int64))
        largest = max(largest, int(sizes.sum(axis=1).max(initial=0)))
    try:
        require_accumulator(name, float(largest) * inputs, bits)
    except ValueError as error:
        raise DoesNotFitError(str(error)) from error


def _require_finite(values: Tensor, name: str) -> None:
    # If there is a NaN, it is both the smallest and the largest value.
    ends = torch.stack(torch.aminmax(values.detach()))
    require(bool(torch.isfinite(ends).all()), f"{name}: a value is NaN or infinite")


def _array(values: Tensor) -> Any:
    return values.detach().cpu().double().numpy()
