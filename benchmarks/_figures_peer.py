"""SpikingJelly's side of the figures, in a process of its own that finds its package.

python benchmarks/_figures_peer.py OUT DEVICE ROUNDS
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

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
    measure_residual,
    outputs_of,
    settle,
    weigh,
    weigh_residual,
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


def residual() -> nn.Module:
    """Return the SEW ResNet-18 whose neurons see their own spikes of the step before."""
    # The module takes from torchvision one function, which loads weights that nobody wants here.
    loading = ModuleType("torchvision.models.utils")
    loading.load_state_dict_from_url = torch.hub.load_state_dict_from_url
    sys.modules.setdefault(loading.__name__, loading)
    from spikingjelly.activation_based.model.sew_resnet import sew_resnet18

    def recurrent() -> nn.Module:
        lif = neuron.LIFNode(surrogate_function=surrogate.ATan(), detach_reset=True)
        return layer.ElementWiseRecurrentContainer(lif, torch.add, step_mode="m")

    net = sew_resnet18(cnf="ADD", num_classes=10, spiking_neuron=recurrent)
    for module in net.modules():
        # The neurons inside of containers take single steps.
        if isinstance(module, layer.Conv2d | layer.BatchNorm2d | layer.Linear | layer.MaxPool2d):
            module.step_mode = "m"
    net.avgpool.step_mode = "m"
    weigh_residual(net)
    return net


def running(net: nn.Module, mode: str) -> Callable[[Tensor], Tensor]:
    """Return a function that resets the network and runs a sequence."""

    def run(x: Tensor) -> Tensor:
        functional.reset_net(net)
        return net(x) if mode == "m" else torch.stack([net(step) for step in x])

    return run


def main() -> None:
    """Write the times, and the spikes and gradients of one training step."""
    settle()
    out, device, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    modes = {"SpikingJelly, step by step": "s", "SpikingJelly, all steps": "m"}
    nets = {name: network(mode).to(device) for name, mode in modes.items()}
    runs = {name: (running(net, modes[name]), net) for name, net in nets.items()}
    run, net = runs["SpikingJelly, all steps"]
    result = learnt(run, net, images(ABLATION, device))
    arrays = {f"gradient{index}": each.numpy() for index, each in enumerate(result["gradients"])}
    deep = residual().to(device)
    deep_runs = {"SpikingJelly": (running(deep, "m"), deep)}
    scores = outputs_of(*deep_runs["SpikingJelly"], device).numpy()
    np.savez(out / "residual.npz", scores=scores)
    np.savez(out / "peer.npz", spikes=result["spikes"].numpy(), **arrays)
    lif = neuron.LIFNode(surrogate_function=surrogate.ATan(), step_mode="m")
    times = measure(runs, device, rounds)
    neurons = measure_neurons({"SpikingJelly": running(lif, "m")}, device, rounds)
    measured = {"networks": times, "neurons": neurons}
    measured["residual"] = measure_residual(deep_runs, device, rounds)
    (out / "peer.json").write_text(json.dumps(measured), "utf-8")


if __name__ == "__main__":
    main()
