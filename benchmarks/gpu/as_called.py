"""Neurons of 2^27 values as users call them: python benchmarks/gpu/as_called.py [--write].

A module's call between two events on an idle GPU, so that the host's time counts, over the time
that the bytes take: forward reads X and writes S; forward and backward also read grad S and X and
write grad X; all in X's type, at the bandwidth of a copy in the same run. Nothing is timed before
the spikes are those of eager torch on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from benchmarks._results import report
from benchmarks.gpu._results import where
from benchmarks.gpu.triton_kernels import TOTAL, check, copy_rate
from snncore import neuron
from snncore.kernels.host.build import LIBRARY

TIMES = 11
TYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
# The floor of any module's call: one kernel that torch starts without looking anything up.
FLOOR = "torch's ReLU"
NEURONS: dict[str, Callable[..., Any]] = {
    FLOOR: torch.nn.ReLU,
    "LIF": neuron.LIF,
    "IF": neuron.IF,
    "ParametricLIF": neuron.ParametricLIF,
}


def milliseconds(call: Callable[[], Any]) -> float:
    """Return the median time of a call on an idle GPU."""
    for _ in range(3):
        call()
    times = []
    for _ in range(TIMES):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        begin.record()
        call()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end))
    return sorted(times)[TIMES // 2]


def row(name: str, kind: str, steps: int, rate: float) -> tuple[float, float]:
    """Return forward, and forward and backward, over their floors."""
    module = NEURONS[name]().cuda()
    shape = (steps, 1, TOTAL // steps)
    x = torch.randn(shape, device="cuda").add_(0.4).to(TYPES[kind])
    upstream = torch.randn(shape, device="cuda").to(TYPES[kind])

    def forward() -> Any:
        if name != FLOOR:
            module.reset()
        return module(x)

    def both() -> None:
        x.grad = None
        forward().backward(upstream)

    if name != FLOOR:
        with torch.no_grad():
            check(name, x, forward())
    x.requires_grad_()
    floor = TOTAL * x.element_size() / rate
    return milliseconds(forward) / (2 * floor), milliseconds(both) / (5 * floor)


def main() -> None:
    """Measure every neuron, type and number of steps."""
    LIBRARY.wait()
    rate = copy_rate()
    table = [
        "| neuron | type | forward, T = 4 / 16 / 64 | forward and backward |",
        "|---|---|---|---|",
    ]
    for name in NEURONS:
        for kind in TYPES:
            torch.cuda.empty_cache()
            pairs = [row(name, kind, steps, rate) for steps in (4, 16, 64)]
            cells = [
                " / ".join(f"{value:.2f}" for value in each) for each in zip(*pairs, strict=True)
            ]
            table.append(f"| {name} | {kind} | {' | '.join(cells)} |")
            print(table[-1], flush=True)
    about = (
        f"{where()}: a module's call on an idle GPU, T*N = 2^27, over the time of its bytes at the "
        f"bandwidth of a copy in the same run ({rate / 1e6:.0f} GB/s); from `PYTHONPATH=. python "
        f"benchmarks/gpu/as_called.py --write`. Medians of {TIMES}. ReLU "
        "reads and writes the same bytes: what it takes above 1 is the start of a kernel."
    )
    report("Neurons as users call them on a GPU", about, table)


if __name__ == "__main__":
    main()
