"""Small layers: python benchmarks/gpu/small_layers.py (needs a GPU; SpikingJelly is the peer).

A training step of 2^14 neurons over 32 steps: its kernels in a CUDA graph, its wall time from
Python, and the wall time of SpikingJelly 2.0.0 where it is installed. Spikes are compared first.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch

from snncore import neuron, surrogate

STEPS, NEURONS = 32, 1 << 14
TYPES = (torch.float32, torch.bfloat16)


def wall(call: Callable[[], Any], times: int = 200) -> float:
    """Return the milliseconds per call from Python, without waiting for the device in between."""
    rounds = []
    for _ in range(5):
        call()
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(times):
            call()
        torch.cuda.synchronize()
        rounds.append((time.perf_counter() - start) * 1e3 / times)
    return statistics.median(rounds)


def ours(x: torch.Tensor, upstream: torch.Tensor) -> tuple[torch.Tensor, Callable[[], Any]]:
    """Return our spikes, and a training step."""
    module = neuron.LIF(
        detach_reset=True, keep_states=False, surrogate=surrogate.ATan(), backend="triton"
    )
    return module(x).detach(), lambda: torch.autograd.grad(module(x), x, upstream)


def peers(x: torch.Tensor, upstream: torch.Tensor) -> tuple[torch.Tensor, Callable[[], Any]]:
    """Return SpikingJelly's spikes, and a training step."""
    from spikingjelly.activation_based import functional
    from spikingjelly.activation_based import neuron as theirs

    module = theirs.LIFNode(detach_reset=True, step_mode="m").to(x.device, x.dtype)

    def spikes() -> torch.Tensor:
        functional.reset_net(module)
        return module(x)

    return spikes().detach(), lambda: torch.autograd.grad(spikes(), x, upstream)


def captured(call: Callable[[], Any]) -> Callable[[], None]:
    """Return the same as one replay of a CUDA graph."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        call()
    return graph.replay


def row(kind: torch.dtype) -> str:
    """Return one line of the table."""
    with torch.cuda.stream(torch.cuda.Stream()):
        x = (torch.randn((STEPS, 1, NEURONS), device="cuda") + 0.4).to(kind).requires_grad_()
        upstream = torch.randn_like(x)
        spikes, step = ours(x, upstream)
        graph, eager = wall(captured(step)), wall(step)
        if find_spec("spikingjelly") is None:
            return f"| {kind} | {graph:.4f} | {eager:.3f} | not installed | |"
        expected, theirs = peers(x, upstream)
        # With 16-bit inputs SpikingJelly computes in 16 bits, so its spikes may differ.
        if kind == torch.float32 and not torch.equal(expected, spikes):
            raise SystemExit("the spikes differ from the peer's")
        peer = wall(theirs)
        return f"| {kind} | {graph:.4f} | {eager:.3f} | {peer:.3f} | {peer / graph:.1f} |"


def main() -> None:
    """Measure both types."""
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, milliseconds\n")
    print("| type | in a CUDA graph | from Python | SpikingJelly 2.0.0 | peer / graph |")
    print("|---|---|---|---|---|")
    for kind in TYPES:
        print(row(kind), flush=True)


if __name__ == "__main__":
    main()
