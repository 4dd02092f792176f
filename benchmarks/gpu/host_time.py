"""The host's time of a layer: python benchmarks/gpu/host_time.py [--write] (needs a GPU).

A small layer, so that the GPU waits for the host: forward and backward of a neuron beside those of
torch's ReLU, as users call them. Nothing is timed before spikes and gradients of later calls are
those of the first, which Python starts, and before spikes are those of eager torch on the CPU.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks._results import report
from benchmarks.gpu._results import where
from snncore import neuron
from snncore.kernels.host.build import LIBRARY

SHAPE, TIMES, ROUNDS = (4, 16, 256), 300, 9
LAYERS: dict[str, Callable[..., Any]] = {
    "LIF": neuron.LIF,
    "LIF, states not kept": partial(neuron.LIF, keep_states=False),
    "LIF, a step at a time": partial(neuron.LIF, step_mode="s"),
    "IF": neuron.IF,
    "CubaLIF": neuron.CubaLIF,
    "parametric LIF, learned": neuron.ParametricLIF,
}


def peer() -> Any:
    """Return SpikingJelly's layer."""
    from spikingjelly.activation_based import neuron as theirs

    return theirs.LIFNode(step_mode="m")


def reset(module: Any) -> None:
    """Forget the states."""
    if hasattr(module, "reset"):
        module.reset()


def check(make: Callable[..., Any], x: Tensor) -> None:
    """Check that later calls compute what the first did, and eager torch on the CPU.

    Raises:
        RuntimeError: if they do not, or nothing fires.
    """
    module, eager = make().cuda(), make(backend="torch")
    results = []
    for _ in range(3):
        leaf = x.clone().requires_grad_()
        spikes = module(leaf)
        results.append((spikes.detach(), torch.autograd.grad(spikes.sum(), leaf)[0]))
        module.reset()
    same = all(torch.equal(a, b) for r in results for a, b in zip(results[0], r, strict=True))
    first = results[0][0].cpu()
    if not same or not torch.equal(first, eager(x.cpu())) or not bool(first.any()):
        raise RuntimeError(f"{make}: later calls, or eager torch, compute something else")


def microseconds(
    modules: dict[str, nn.Module], x: Tensor, backward: bool
) -> dict[str, list[float]]:
    """Return each module's time in rounds that take turns."""
    upstream = torch.ones_like(x)
    rounds: dict[str, list[float]] = {name: [] for name in modules}
    for turn in range(ROUNDS + 1):
        for name, module in modules.items():
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(TIMES):
                y = module(x)
                if backward:
                    y.backward(upstream)
                reset(module)
            if turn:
                rounds[name].append((time.perf_counter() - start) * 1e6 / TIMES)
    return rounds


def main() -> None:
    """Check, measure, print, and write the table if it is wanted."""
    absence = LIBRARY.wait()
    x = torch.randn(SHAPE, device="cuda") * 2
    for make in LAYERS.values():
        check(make, x)
    modules: dict[str, nn.Module] = {"ReLU": nn.ReLU()}
    modules |= {name: make().cuda() for name, make in LAYERS.items()}
    if find_spec("spikingjelly") is not None:
        modules["SpikingJelly 2.0.0, LIFNode"] = peer().cuda()
    forward = microseconds(modules, x.requires_grad_(), False)
    both = microseconds(modules, x, True)
    table = [
        "| layer | forward | over ReLU | forward and backward | over ReLU |",
        "|---|---|---|---|---|",
    ]
    for name in modules:
        cells = []
        for times in (forward, both):
            ratios = [a / b for a, b in zip(times[name], times["ReLU"], strict=True)]
            cells += [f"{statistics.median(times[name]):.1f}", f"{statistics.median(ratios):.2f}"]
        table.append(f"| {name} | {' | '.join(cells)} |")
    started = f"from Python: {absence}" if absence else "by compiled code"
    about = (
        f"{where()}: microseconds of the host per call of a small layer, {SHAPE}, float32, kernels "
        f"started {started}; from `PYTHONPATH=. python benchmarks/gpu/host_time.py --write`. "
        f"Medians of {ROUNDS} rounds of {TIMES} calls, which take turns."
    )
    report("The host's time of a layer on a GPU", about, table)


if __name__ == "__main__":
    main()
