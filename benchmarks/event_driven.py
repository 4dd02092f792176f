"""Event-driven layers against dense ones on a CPU, equal first, at several rates of spikes.

Usage: python benchmarks/event_driven.py

Processor time of one thread, the median of rounds in turns. `auto` is the layer as users have it,
which chooses by the rate: it must not be slower than dense.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from snncore import layer, training

RATES, ROUNDS = (0.01, 0.05, 0.5), 7
CASES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear 4096 x 4096, 64 rows": (lambda: layer.Linear(4096, 4096), (4, 16, 4096)),
    "convolution 64 x 64, 3 x 3, 32 x 32, 16 images": (
        lambda: layer.Conv2d(64, 64, 3, padding=1),
        (4, 4, 64, 32, 32),
    ),
}


def require_equal(dense: nn.Module, events: nn.Module, x: Tensor) -> None:
    """Stop unless sums and gradients of weights agree to 1e-6 of the largest."""
    results = []
    for module in (dense, events):
        module.zero_grad()
        output = module(x)
        torch.autograd.backward(output, torch.ones_like(output))
        results.append([output.detach(), *(each.grad for each in module.parameters())])
    for expected, actual in zip(*results, strict=True):
        largest = float(expected.abs().max())
        if not largest or float((expected - actual).abs().max()) > 1e-6 * max(largest, 1):
            raise SystemExit("the sums differ, so nothing is timed")


def forward(module: nn.Module, x: Tensor) -> None:
    """Compute the sums alone."""
    with torch.no_grad():
        module(x)


def both(module: nn.Module, x: Tensor) -> None:
    """Compute the sums and the gradient of the weights."""
    module.zero_grad()
    output = module(x)
    torch.autograd.backward(output, output.detach())


def seconds(works: list[Callable[[], None]]) -> list[float]:
    """Return the median processor time of each, measured in turns."""
    times: list[list[float]] = [[] for _ in works]
    for index in range(ROUNDS + 1):
        for work, own in zip(works, times, strict=True):
            begin = time.thread_time()
            work()
            if index:
                own.append(time.thread_time() - begin)
    return [statistics.median(own) for own in times]


def main() -> None:
    """Measure every case."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for name, (make, shape) in CASES.items():
        dense = make()
        events = training.event_driven(copy.deepcopy(dense))
        for rate in RATES:
            x = (torch.rand(shape) < rate).float()
            require_equal(dense, events, x)
            for words, run in (("forward", forward), ("forward and weights' gradient", both)):
                first, second = seconds([partial(run, dense, x), partial(run, events, x)])
                print(
                    f"{name}, {rate:.0%} spikes, {words}: dense {1e3 * first:.1f} ms, "
                    f"auto {1e3 * second:.1f} ms: {second / first:.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
