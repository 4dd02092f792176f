"""The trace of a network that was read from another writer's file, as it computes: in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.frontend.from_graph import network_of
from neurodeploy.frontend.training.recording import recorded
from neurodeploy.graph import ForeignGraph
from neurodeploy.trace import LayerTrace, Trace
from snncore import neuron
from snncore.dynamics.sent import sends_spikes


def read_trace(foreign: ForeignGraph, samples: NDArray[Any]) -> Trace:
    """Return every spike and state of the network over samples (T, N, ...), and its output.

    Raises:
        UnsupportedLayerError: if a node or a loop has no layer; names it.
    """
    network, paths = network_of(foreign)
    for module in network.modules():
        # Kernels have the same bits, and take seconds to compile.
        if isinstance(module, neuron.EquationNeuron):
            module.backend = "torch"
    run, graph = recorded(network, samples, ()), foreign.graph
    layers = {
        node.name: LayerTrace(
            {key: _array(value) for key, value in run.neurons[paths[node.name]].items()},
            sends_spikes(node.equations),
        )
        for node in graph.layers
    }
    if graph.output not in layers:
        # A network that ends in sums shows them.
        layers[graph.output] = LayerTrace({"s": _array(run.output)}, spiking=False)
    return Trace(layers, graph.output, graph.readout)


def _array(values: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = values.detach().cpu().numpy().astype(np.float64)
    return array
