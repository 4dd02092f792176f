"""How far a spiking network is from the network it was made of, layer by layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from snncore import encoding, functional, monitor
from snncore.ann2snn.convert import activations, prepared
from snncore.ann2snn.neuron import drop_of
from snncore.ann2snn.trace import Values


@torch.no_grad()
def rate_errors(ann: nn.Module, snn: nn.Module, samples: Tensor, steps: int) -> dict[str, Tensor]:
    """For each layer of neurons and each step t: how far the rates over steps 0..t are off.

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
    for path, name in paths.items():
        fired = spikes[path][0]
        drop = drop_of(snn.get_submodule(path))
        made, expected = fired, values[name]
        if made.shape[1:] != expected.shape:
            # A max pool went before the neurons.
            continue
        counts = torch.arange(1, steps + 1, device=made.device)
        shape = (-1, *[1] * (made.ndim - 3))
        means = made.cumsum(0) / counts.reshape(-1, *[1] * (made.ndim - 1)) * drop.reshape(shape)
        distance = (means - expected).flatten(1).norm(dim=1)
        errors[path] = distance / expected.norm().clamp(min=1e-12)
    return errors
