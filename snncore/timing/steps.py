"""From times to steps: the same neurons step by step, as kernels, integers and chips take them."""

from __future__ import annotations

from math import exp
from typing import Any

import torch
from torch import Tensor, nn

from snncore import decoding, layer
from snncore.dynamics import select, spike
from snncore.neuron.define import define
from snncore.timing.first_spike import FirstSpike


@define(
    states={"u": 0.0, "v": 0.0, "fired": 0.0},
    params={"sink": 0.5, "fade": 0.5, "threshold": 1.0},
    limits={"sink": (0, 1), "fade": (0, 1)},
)
def OneSpike(u: Any, v: Any, fired: Any, x: Any, *, sink: Any, fade: Any, threshold: Any) -> Any:
    """Fire once: a current into a voltage, exact from step to step, and none after the spike."""
    h = select(fired, 0.0, fade * v + u)
    s = spike(h - threshold)
    return sink * u + x, h, fired + s, s


class Stepped(nn.Module):
    """Layers of neurons that fire once, step by step; the output is each class's first step."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        """Return the steps (N, classes) of the first spikes of a train (T, N, ...), or T."""
        return decoding.first_spike(self.layers(x))


def stepped(network: nn.Module, dt: float) -> Stepped:
    """Return a chain of `FirstSpike` layers as layers of weights and of `OneSpike`, dt a step.

    Each membrane has at a step the voltage that it has at that time, given the same spikes. Spikes
    wait for the next step, so times are up to dt later per layer.

    Raises:
        ValueError: if dt is not positive, or a layer is not a `FirstSpike`.
    """
    if not dt > 0:
        raise ValueError(f"timing.stepped: dt is {dt} (take a positive time)")
    layers = nn.Sequential()
    chain = [network] if isinstance(network, FirstSpike) else list(network.children())
    for index, source in enumerate(chain, 1):
        if not isinstance(source, FirstSpike):
            raise ValueError(
                f"timing.stepped: layer {index} is a {type(source).__name__} "
                "(take a chain of timing.FirstSpike)"
            )
        kernel, weight = source.kernel, source.weight.detach()
        dense = layer.Linear(source.in_features, source.out_features, bias=False).to(weight)
        # The voltage that a current of one causes in a step is part of the weights.
        gain = float(kernel.response(torch.tensor(dt, dtype=torch.float64)))
        with torch.no_grad():
            dense.weight.copy_(weight * gain)
        layers.add_module(f"dense{index}", dense)
        neurons = OneSpike(
            sink=exp(-dt / kernel.tau_syn),
            fade=exp(-dt / kernel.tau_mem),
            threshold=source.threshold,
        )
        layers.add_module(f"spikes{index}", neurons)
    return Stepped(layers)
