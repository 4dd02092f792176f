"""The rate errors of a spiking network against its original, layer by layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn

from snncore import encoding, functional, monitor
from snncore.ann2snn.build import MAXIMA
from snncore.ann2snn.convert import activations, prepared
from snncore.ann2snn.neuron import drop_of
from snncore.ann2snn.trace import Tracer, Values


@torch.no_grad()
def rate_errors(ann: nn.Module, snn: nn.Module, samples: Tensor, steps: int) -> dict[str, Tensor]:
    """Measure the error of the rates over steps 0..t, for each neuron layer and each step t.

    It is the norm of the difference between rate * drop and activation, over the activation's.
    """
    network = prepared(ann)
    values = Values(network).of(samples)
    paths = {str(node.target): node.name for node in activations(network)}
    functional.reset(snn)
    was_training = snn.training
    snn.eval()
    with monitor.outputs(snn, names=list(paths)) as spikes:
        snn(encoding.direct(samples, steps))
    snn.train(was_training)
    functional.reset(snn)
    errors = {}
    pooled = _pooled(snn)
    for path, name in paths.items():
        fired, drop = spikes[path][0], drop_of(snn.get_submodule(path))
        node = next(node for node in network.graph.nodes if node.name == name)
        for _ in range(pooled[path]):
            node = next(iter(node.users))
        expected = values[node.name]
        counts = torch.arange(1, steps + 1, device=fired.device)
        shape = (-1, *[1] * (fired.ndim - 3))
        means = fired.cumsum(0) / counts.reshape(-1, *[1] * (fired.ndim - 1)) * drop.reshape(shape)
        distance = (means - expected).flatten(1).norm(dim=1)
        errors[path] = distance / expected.norm().clamp(min=1e-12)
    return errors


def _pooled(snn: nn.Module) -> dict[str, int]:
    """Count the max pools that were moved in front of each neuron layer."""
    graph = snn.graph if isinstance(snn, fx.GraphModule) else Tracer().trace(snn)
    counts: dict[str, int] = {}
    for node in graph.nodes:
        count = -1
        source: Any = node
        while source.op == "call_module" and (count < 0 or _is_maximum(snn, source)):
            count, source = count + 1, source.args[0]
        counts[str(node.target)] = count
    return counts


def _is_maximum(network: nn.Module, node: fx.Node) -> bool:
    return isinstance(network.get_submodule(str(node.target)), MAXIMA)
