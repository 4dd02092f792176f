"""One iteration of training, as benchmarks time it: forward, loss, backward and a step of SGD."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from snncore import functional, training


def iteration(
    network: nn.Module,
    x: Tensor,
    classes: int,
    reset: Callable[[nn.Module], Any] = functional.reset,
) -> Callable[[], None]:
    """Return a function that trains the network once on this batch."""
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    labels = torch.arange(x.shape[1], device=x.device) % classes

    def run() -> None:
        reset(network)
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(network(x).mean(0), labels).backward()
        optimizer.step()

    return run


def captured(network: nn.Module, x: Tensor, classes: int) -> Callable[[], None]:
    """Return the same with forward, loss and backward recorded as one CUDA graph."""
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    labels = torch.arange(x.shape[1], device=x.device) % classes

    def loss(outputs: Tensor, target: Tensor) -> Tensor:
        return nn.functional.cross_entropy(outputs.mean(0), target)

    step = training.CapturedStep(network, loss, x, labels)

    def run() -> None:
        step(x, labels)
        optimizer.step()

    return run
