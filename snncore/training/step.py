"""One step of training: accumulated gradients, mixed precision, and states that are reset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from snncore import functional

Loss = Callable[[Tensor, Tensor], Tensor]


def training_step(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Sequence[tuple[Tensor, Tensor]],
    loss: Loss,
    *,
    autocast: torch.dtype | None = None,
    scaler: Any = None,
    largest_norm: float | None = None,
) -> float:
    """Update the weights once by the mean loss of the batches (inputs and targets), and return it.

    Processes exchange gradients in the last batch alone. `autocast` computes in another type;
    float16 needs a scaler. Gradients are clipped to `largest_norm`.

    Raises:
        ValueError: if there are no batches.
    """
    if not batches:
        raise ValueError("training_step: there are no batches")
    optimizer.zero_grad(set_to_none=True)
    total = 0.0
    for index, (x, target) in enumerate(batches):
        functional.reset(network)
        last = index == len(batches) - 1
        with (
            _silent(network, last),
            torch.autocast(x.device.type, dtype=autocast, enabled=autocast is not None),
        ):
            value = loss(network(x), target) / len(batches)
            (value if scaler is None else scaler.scale(value)).backward()
        total += float(value.detach())
    functional.reset(network)
    if scaler is not None:
        scaler.unscale_(optimizer)
    if largest_norm is not None:
        nn.utils.clip_grad_norm_(network.parameters(), largest_norm)
    if scaler is None:
        optimizer.step()
    else:
        scaler.step(optimizer)
        scaler.update()
    return total


def _silent(network: nn.Module, last: bool) -> Any:
    """Skip the communication with other processes, except in the last batch."""
    if isinstance(network, nn.parallel.DistributedDataParallel) and not last:
        return network.no_sync()
    wait = getattr(network, "set_requires_gradient_sync", None)
    if wait is not None:
        wait(last)
    return nullcontext()
