"""Neurons on a CPU: python benchmarks/neurons_cpu.py. The peer is SpikingJelly, where installed.

A training step of LIF (ATan, hard reset, float32, one thread) beside the eager loop, the peer's
eager loop and an activation of the same size: processor time, so that a machine with other work
to do tells the same. Spikes are compared before anything is timed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch
from _table import compared

from snncore import neuron

SIZES = ((16, 1 << 16), (16, 1 << 19))


def ours(backend: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return a layer of ours that resets with every input."""
    return neuron.LIF(keep_states=False, backend=backend)


def peers() -> Callable[[torch.Tensor], torch.Tensor]:
    """Return SpikingJelly's layer, which resets with every input."""
    from spikingjelly.activation_based import functional
    from spikingjelly.activation_based import neuron as theirs

    module = theirs.LIFNode(step_mode="m")

    def spikes(x: torch.Tensor) -> torch.Tensor:
        functional.reset_net(module)
        return module(x)

    return spikes


def step(layer: Callable[[torch.Tensor], torch.Tensor], x: Any, upstream: Any) -> float:
    """Return the milliseconds of a training step."""
    times = []
    for _ in range(9):
        start = time.thread_time()
        torch.autograd.grad(layer(x), x, upstream)
        times.append(1e3 * (time.thread_time() - start))
    return statistics.median(times)


def main() -> None:
    """Measure a layer that fits the cache and one that does not."""
    torch.set_num_threads(1)
    for steps, neurons in SIZES:
        x = (torch.randn(steps, 1, neurons) + 0.4).requires_grad_()
        upstream = torch.randn_like(x)
        layers = {"cpp": ours("cpp"), "eager": ours("torch"), "ReLU": torch.relu}
        if find_spec("spikingjelly") is not None:
            layers["SpikingJelly"] = peers()
        expected = layers["eager"](x)
        for name, layer in layers.items():
            if name != "ReLU" and not torch.equal(layer(x), expected):
                raise SystemExit(f"{name}: the spikes differ from the eager loop's")
        times = {name: step(layer, x, upstream) for name, layer in layers.items()}
        ratios = ", ".join(
            f"{name} {time:.2f} ms ({time / times['cpp']:.2f})" for name, time in times.items()
        )
        print(f"T={steps}, N={neurons}: {ratios}")
        ours_took = times.pop("cpp")
        compared(f"a training step of LIF, T = {steps}, N = {neurons}", ours_took, times)


if __name__ == "__main__":
    main()
