"""A training step of a small convolutional network, spiking and with ReLUs, on one CPU core.

Usage: python benchmarks/training_speed.py

Conv-norm-IF-pool twice and a dense layer, T = 4, batch 16, 28 x 28, Adam; the ANN sees as many
images at once. Times are of the processor, as others may be busy beside it.
"""

from __future__ import annotations

import statistics
import time
from functools import partial
from typing import Any

import torch
from _table import compared
from torch import nn

from snncore import functional, layer, neuron

STEPS, BATCH, ROUNDS = 4, 16, 7


def network(width: int, fires: Any) -> nn.Sequential:
    """Return the network with activations of this kind."""
    return nn.Sequential(
        layer.Conv2d(1, width, 3, padding=1, bias=False),
        layer.BatchNorm2d(width),
        fires(),
        layer.MaxPool2d(2),
        layer.Conv2d(width, width, 3, padding=1, bias=False),
        layer.BatchNorm2d(width),
        fires(),
        layer.MaxPool2d(2),
        layer.Flatten(),
        layer.Linear(width * 49, 10),
    )


def step(net: nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor, y: Any) -> float:
    """Return the processor time of one step in seconds."""
    start = time.process_time()
    functional.reset(net)
    loss = nn.functional.cross_entropy(net(x).mean(0), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return time.process_time() - start


def check() -> None:
    """Check that outputs on the timed backend equal those of eager torch.

    Raises:
        RuntimeError: if they do not.
    """
    torch.manual_seed(0)
    net = network(8, neuron.IF)
    x = torch.rand(STEPS, 4, 1, 28, 28)
    outputs = []
    for backend in ("auto", "torch"):
        functional.set_backend(net, backend)
        functional.reset(net)
        outputs.append(net(x))
    if not torch.equal(*outputs) or not outputs[0].any():
        raise RuntimeError("the backends disagree, so nothing is timed")


def main() -> None:
    """Measure both networks, in turns."""
    torch.set_num_threads(1)
    check()
    x = torch.rand(STEPS, BATCH, 1, 28, 28)
    y = torch.randint(0, 10, (BATCH,))
    for width in (32, 128):
        times: dict[str, list[float]] = {"spiking": [], "ReLU": []}
        kinds = {"spiking": partial(neuron.IF, detach_reset=True), "ReLU": nn.ReLU}
        nets = {name: network(width, fires) for name, fires in kinds.items()}
        optimizers = {name: torch.optim.Adam(net.parameters()) for name, net in nets.items()}
        for index in range(ROUNDS + 2):
            for name, net in nets.items():
                seconds = step(net, optimizers[name], x, y)
                if index >= 2:
                    times[name].append(seconds)
        spiking, ann = (statistics.median(times[name]) for name in ("spiking", "ReLU"))
        print(
            f"{width} channels: {1e3 * spiking:.0f} ms a step, with ReLUs {1e3 * ann:.0f} ms: "
            f"{spiking / ann:.2f} times the ANN"
        )
        what = f"a training step of spikes, {width} channels"
        compared(what, 1e3 * spiking, {"with ReLUs": 1e3 * ann})


if __name__ == "__main__":
    main()
