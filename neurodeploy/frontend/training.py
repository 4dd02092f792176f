"""A torch network's values while it trains, as a trace in the program's integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import quant
from neurodeploy.errors import ValidationError
from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.trace import LayerTrace, Trace
from snncore import functional, layer, monitor, neuron
from snncore.dynamics.sent import sends_spikes


def training_trace(network: nn.Module, program: Program, samples: NDArray[np.int64]) -> Trace:
    """Return the trace of the network's own forward, divided by its scales.

    Raises:
        ValidationError: if a value is not an integer of the layer's scale, or a layer is missing.
    """
    recording = _recorded(network, samples)
    layers = {}
    for name, node, _ in program.network_layers:
        path = layer_path(network, name)
        module = network.get_submodule(path)
        assert isinstance(module, quant.ChipNeuron)
        scales = {key: 1.0 if key == "s" else module.scale_of(key) for key in recording[path]}
        layers[name] = LayerTrace(
            {
                key: _integers(value, scales[key], f"{name}.{key}")
                for key, value in recording[path].items()
            },
            sends_spikes(node.equations),
        )
    return Trace(layers, program.output)


def float_trace(network: nn.Module, graph: Graph, samples: NDArray[Any]) -> Trace:
    """Return the trace of the network's own forward, in its floats.

    Raises:
        ValidationError: if a layer is missing.
    """
    recording = _recorded(network, samples)
    layers = {}
    for node in graph.layers:
        path = _path(network, node.name)
        if isinstance(dict(network.named_modules()).get(path), layer.Recurrent):
            path = _within(path)
        if path not in recording:
            raise ValidationError(f"{node.name}: the model has no such layer of neurons")
        values = recording[path].items()
        layers[node.name] = LayerTrace(
            {key: value.detach().cpu().double().numpy() for key, value in values},
            sends_spikes(node.equations),
        )
    return Trace(layers, graph.output)


def _recorded(network: nn.Module, samples: NDArray[Any]) -> monitor.Recording:
    """Return the activity of every neuron layer for samples (T, N, ...), from states of zero."""
    was_training = network.training
    network.eval()
    functional.reset(network)
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    inputs = torch.from_numpy(samples).to(device, torch.float32)
    try:
        with torch.no_grad(), monitor.record(network) as recording:
            # A network of single steps receives one step after another.
            for part in inputs if _takes_steps(network) else (inputs,):
                network(part)
    finally:
        functional.reset(network)
        network.train(was_training)
    return recording


def _takes_steps(network: nn.Module) -> bool:
    # The inside of a recurrent layer takes steps, whatever the network does.
    within = {
        part
        for module in network.modules()
        if isinstance(module, layer.Recurrent)
        for part in module.body.modules()
    }
    outside = [m for m in network.modules() if m not in within]
    modes = {m.step_mode for m in outside if isinstance(m, neuron.Neuron | layer.Recurrent)}
    if len(modes) > 1:
        raise ValidationError("some neurons take steps and some sequences (step_mode)")
    return modes == {neuron.StepMode.SINGLE}


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
