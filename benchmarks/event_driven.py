"""Event-driven layers against dense ones on a CPU, equal first, at several rates of spikes.

Usage: python benchmarks/event_driven.py [--write]

Processor time of one thread, the median of rounds in turns. `auto` is the layer as users have it,
which chooses by the rate: it must not be slower than dense. In training, layers are of floats; in
the fast engine, of 8-bit integers, and dense are the processor's products. --write puts the table
into RESULTS.md.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from _results import report
from _table import compared
from torch import Tensor, nn

from neurodeploy.simulator.engine.on_spikes import BySpikes
from snncore import layer, training
from snncore.kernels.cpp.products import (
    WindowProduct,
    by_channel,
    in_memory,
    products_work,
    readable,
    spikes_are_summed,
    whole,
    windows,
)

Sums = Callable[[Tensor], Tensor]

RATES, ROUNDS = (0.01, 0.05, 0.1, 0.2, 0.5), 11
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


def engine_layers() -> dict[str, tuple[Sums, Sums, tuple[int, ...]]]:
    """Return the engine's products, its layers that choose by the rate, and shapes of spikes."""
    rng = np.random.default_rng(0)
    linear = rng.integers(-128, 128, (4096, 4096, 1, 1)).astype(np.int8)
    conv = rng.integers(-128, 128, (64, 64, 3, 3)).astype(np.int8)
    layers = {}
    for (name, (_, shape)), weight in zip(CASES.items(), (linear, conv), strict=True):
        seen, form = whole(), ((1, 1), (0, 0), (1, 1))
        if weight.shape[2] > 1:
            form = ((1, 1), (1, 1), (1, 1))
            seen = windows((32, 32), (3, 3), *form)
        ordered = weight.reshape(*weight.shape[:2], -1).transpose(0, 2, 1)
        product = WindowProduct(ordered, seen, 1, of_bytes=True)

        def dense(values: Tensor, product: WindowProduct = product) -> Tensor:
            return by_channel(product(readable(values, torch.uint8)))

        layers[name] = (dense, BySpikes(dense, weight, *form), shape)
    return layers


def engine_rows() -> list[str]:
    """Measure the fast engine's layers.

    Raises:
        SystemExit: if a sum differs, or this machine has no products.
    """
    if not products_work() or not spikes_are_summed():
        raise SystemExit("this machine has no compiler")
    rows = []
    for name, (dense, auto, shape) in engine_layers().items():
        for rate in RATES:
            spikes = by_channel(in_memory((torch.rand(shape) < rate).byte()).contiguous())
            if not torch.equal(dense(spikes), auto(spikes)) or not dense(spikes).any():
                raise SystemExit("the sums differ, so nothing is timed")
            first, second = seconds([partial(dense, spikes), partial(auto, spikes)])
            rows.append(line("engine", f"{name}, forward", rate, first, second))
    return rows


def line(where: str, what: str, rate: float, dense: float, auto: float) -> str:
    """Return a row of the table."""
    times = f"{1e3 * dense:.2f} | {1e3 * auto:.2f} | {auto / dense:.2f}"
    text = f"| {where} | {what} | {rate:.0%} | {times} |"
    print(text, flush=True)
    compared(f"{where}: {what}, {rate:.0%} spikes", 1e3 * auto, {"dense": 1e3 * dense})
    return text


def training_rows() -> list[str]:
    """Measure layers that train."""
    rows = []
    for name, (make, shape) in CASES.items():
        dense = make()
        events = training.event_driven(copy.deepcopy(dense))
        for rate in RATES:
            x = (torch.rand(shape) < rate).float()
            require_equal(dense, events, x)
            for words, run in (("forward", forward), ("forward and weights' gradient", both)):
                first, second = seconds([partial(run, dense, x), partial(run, events, x)])
                rows.append(line("training", f"{name}, {words}", rate, first, second))
    return rows


def main() -> None:
    """Measure every case."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    table = [
        "| layers of | what | spikes | dense, ms | auto, ms | ratio |",
        "|---|---|---|---|---|---|",
    ]
    about = (
        "Layers that add the weights of spikes alone where their rate makes that faster, over "
        "dense ones; processor time of one thread, from `python benchmarks/event_driven.py "
        "--write`. The engine's dense layers are products of 8-bit integers. Sums are equal "
        "first, those of floats to 1e-6."
    )
    report("Event-driven layers on a CPU", about, [*table, *training_rows(), *engine_rows()])


if __name__ == "__main__":
    main()
