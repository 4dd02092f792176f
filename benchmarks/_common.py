"""Shared parts of the benchmarks: the demo's network, timing, and one line per result."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

import neurodeploy as nd
from neurodeploy.demo.digits import Digits, load_digits
from neurodeploy.demo.training import float_network, quantized_network, train

SCRATCH = Path("demo-output") / "benchmarks"


def demo_network() -> tuple[nn.Sequential, Digits]:
    """Return the demo's network, briefly trained so that it spikes as in the demo."""
    torch.manual_seed(0)
    digits = load_digits()
    floats = float_network()
    train(floats, digits, 5, 5e-3, lambda _: None)
    return quantized_network(floats), digits


def exported(network: nn.Module, digits: Digits) -> nd.Artifact:
    """Return the network's artifact for Loihi."""
    return nd.export(network, target="loihi", path=SCRATCH / "loihi", example=digits.test)


def seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the median time of `work`, after a first round that is not counted."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
