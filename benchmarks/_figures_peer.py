"""SpikingJelly's side of the figures, in a process of its own that finds its package.

python benchmarks/_figures_peer.py OUT DEVICE ROUNDS
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from _figures_common import (
    ABLATION,
    CHANNELS,
    PIXELS,
    images,
    learnt,
    measure,
    measure_neurons,
    weigh,
)
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn


def network(mode: str) -> nn.Sequential:
    """Return the small network in a step mode."""

    def lif() -> nn.Module:
        return neuron.LIFNode(surrogate_function=surrogate.ATan(), step_mode="m")

    net = nn.Sequential(
        layer.Conv2d(2, CHANNELS, 3, padding=1, bias=False),
        layer.BatchNorm2d(CHANNELS),
        lif(),
        layer.MaxPool2d(2),
        layer.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False),
        layer.BatchNorm2d(CHANNELS),
        lif(),
        layer.MaxPool2d(2),
        layer.Flatten(),
        layer.Linear(CHANNELS * (PIXELS // 4) ** 2, 10, bias=False),
        lif(),
    )
    functional.set_step_mode(net, mode)
    weigh(net)
    return net


def running(net: nn.Module, mode: str) -> Callable[[Tensor], Tensor]:
    """Return a function that resets the network and runs a sequence."""

    def run(x: Tensor) -> Tensor:
        functional.reset_net(net)
        return net(x) if mode == "m" else torch.stack([net(step) for step in x])

    return run


def main() -> None:
    """Write the times, and the spikes and gradients of one training step."""
    torch.set_num_threads(1)
    out, device, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    modes = {"SpikingJelly, step by step": "s", "SpikingJelly, all steps": "m"}
    nets = {name: network(mode).to(device) for name, mode in modes.items()}
    runs = {name: (running(net, modes[name]), net) for name, net in nets.items()}
    run, net = runs["SpikingJelly, all steps"]
    result = learnt(run, net, images(ABLATION, device))
    arrays = {f"gradient{index}": each.numpy() for index, each in enumerate(result["gradients"])}
    np.savez(out / "peer.npz", spikes=result["spikes"].numpy(), **arrays)
    lif = neuron.LIFNode(surrogate_function=surrogate.ATan(), step_mode="m")
    times = measure(runs, device, rounds)
    neurons = measure_neurons({"SpikingJelly": running(lif, "m")}, device, rounds)
    (out / "peer.json").write_text(json.dumps({"networks": times, "neurons": neurons}), "utf-8")


if __name__ == "__main__":
    main()
