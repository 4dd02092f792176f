"""A torch network's values while it trains, as a trace in the program's integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

import quant
from neurodeploy.errors import ValidationError
from neurodeploy.frontend.training.recording import Recorded, recorded
from neurodeploy.frontend.training.running import running
from neurodeploy.graph import Decoder as FloatDecoder
from neurodeploy.graph import Graph
from neurodeploy.graph import Neuron as FloatNeuron
from neurodeploy.program import Decoder, Neuron, Program
from neurodeploy.trace import LayerTrace, Trace
from snncore import layer
from snncore.dynamics.sent import sends_spikes
from snncore.dynamics.zoo.readout import LAST, shows_voltage


def training_trace(network: nn.Module, program: Program, samples: NDArray[Any]) -> Trace:
    """Return the trace of the network's own forward, divided by its scales.

    Raises:
        ValidationError: if a value is not an integer of the layer's scale, or a layer is missing.
    """
    own = program.network_layers
    run = recorded(network, samples, [n for n, node, _ in own if shows_voltage(node.equations)])
    layers: dict[str, LayerTrace] = {}
    for name, node, _ in own:
        if isinstance(node, Decoder):
            sent = layers[node.inputs[0].source].s
            values = {"s": _decoded(node, sent, run.output, 1e-6).astype(np.int64)}
        else:
            values = _layer(network, name, node, run)
        layers[name] = LayerTrace(values, sends_spikes(node.equations))
    return Trace(layers, program.output, program.readout)


def _layer(
    network: nn.Module, name: str, node: Neuron, run: Recorded
) -> dict[str, NDArray[np.int64]]:
    """Return what a layer of neurons sent and its states, in the program's integers."""
    if name in run.sums and shows_voltage(node.equations):
        return {"s": _integers(run.sums[name], 2.0**node.readout.exponent, name)}
    path = layer_path(network, name)
    module = network.get_submodule(path)
    assert isinstance(module, quant.ChipNeuron)
    values = run.neurons[path]
    shown = module.scale if isinstance(module, quant.LeakyIntegrator) else 1.0
    scales = {key: shown if key == "s" else module.scale_of(key) for key in values}
    return {key: _integers(value, scales[key], f"{name}.{key}") for key, value in values.items()}


def float_trace(network: nn.Module, graph: Graph, samples: NDArray[Any]) -> Trace:
    """Return the trace of the network's own forward, in its floats.

    Raises:
        ValidationError: if a layer is missing.
    """
    sums = [node.name for node in graph.layers if node.equations.same_computation(LAST)]
    run = recorded(network, samples, sums)
    layers: dict[str, LayerTrace] = {}
    for node in graph.layers:
        if isinstance(node, FloatDecoder):
            sent = layers[node.source.source].s
            values = {"s": _decoded(node, sent, run.output, 1e-4)}
        else:
            values = _floats(network, node, run)
        layers[node.name] = LayerTrace(values, sends_spikes(node.equations))
    return Trace(layers, graph.output, graph.readout)


def _floats(network: nn.Module, node: FloatNeuron, run: Recorded) -> dict[str, NDArray[Any]]:
    name = node.name
    if name in run.sums and node.equations.same_computation(LAST):
        return {"s": _array(run.sums[name])}
    path = _path(network, name)
    if isinstance(dict(network.named_modules()).get(path), layer.Recurrent):
        path = _within(path)
    if path not in run.neurons:
        raise ValidationError(f"{name}: the model has no such layer of neurons")
    return {key: _array(value) for key, value in run.neurons[path].items()}


def _decoded(
    node: Decoder | FloatDecoder, sent: NDArray[Any], output: Tensor, near: float
) -> NDArray[Any]:
    """Return what a decoder shows in every step, the last of which the network returned.

    Raises:
        ValidationError: if the network returned something else.
    """
    rows = running(node.equations.name, sent, node.readout.skip)
    expected, returned = node.readout.output(rows), _array(output)
    size = np.maximum(np.abs(expected), np.abs(expected).max(initial=0) or 1.0)
    if expected.shape != returned.shape or not (np.abs(expected - returned) <= near * size).all():
        raise ValidationError(f"{node.name}: the network returned another value in training")
    return rows


def _array(values: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = values.detach().cpu().double().numpy()
    return array


def layer_path(network: nn.Module, name: str) -> str:
    """Return the path of the neurons of a program's layer in the network.

    Raises:
        ValidationError: if the network does not have them.
    """
    path = _path(network, name)
    root = dict(network.named_modules()).get(path)
    if isinstance(root, quant.Block | quant.ComplexBlock):
        return f"{path}.neuron".lstrip(".")
    if isinstance(root, quant.ChipNeuron):
        return path
    if isinstance(root, layer.Recurrent):
        return _within(path)
    raise ValidationError(f"{name}: the model has no such layer of neurons")


def _within(path: str) -> str:
    """Return the path of the neurons within a recurrent layer."""
    return f"{path}.body".lstrip(".")


def _path(network: nn.Module, name: str) -> str:
    """Return the path of a graph node's module; a network that is one layer has no path."""
    is_root = name == "network" and name not in dict(network.named_modules())
    return "" if is_root else name


def _integers(values: Any, scale: Any, name: str) -> NDArray[np.int64]:
    scaled = (values.detach().double() / scale).cpu().numpy()
    # Truncating a fraction would hide that training differs from the chip.
    if not (np.rint(scaled) == scaled).all():
        raise ValidationError(f"{name}: training computed a value between two integers")
    result: NDArray[np.int64] = scaled.astype(np.int64)
    return result
