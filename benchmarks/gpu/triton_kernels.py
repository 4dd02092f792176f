"""Triton kernels against the memory floor: python benchmarks/gpu/triton_kernels.py (needs a GPU).

Floor: forward reads X and writes S; backward reads grad S and X and writes grad X; all in X's type,
over the bandwidth of a copy in the same run. No row is timed before its spikes are those of eager
torch on the CPU. Held is what lives on for the backward beside the output, in units of the input,
which is the caller's own.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from typing import Any

import torch

from snncore import neuron
from snncore.kernels import Work, prepared, run_loop

TOTAL = 1 << 27
TYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
NEURONS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "IF": (neuron.IF, ()),
    "LIF": (neuron.LIF, ()),
    "LIF tau=3": (lambda: neuron.LIF(tau=3.0), ()),
    "ParametricLIF": (neuron.ParametricLIF, ("w",)),
    "CubaLIF": (neuron.CubaLIF, ()),
    "AdaptiveLIF": (neuron.AdaptiveLIF, ()),
    "Izhikevich": (neuron.Izhikevich, ()),
}
Job = tuple[str, str, int]


def jobs() -> Iterator[Job]:
    """Yield every neuron, type and number of steps."""
    for name in NEURONS:
        for kind in TYPES:
            for steps in (4, 16, 64):
                yield name, kind, steps


def planned(name: str, kind: str) -> tuple[str, list[torch.Tensor]]:
    """Return a neuron's loop from rest, with its fixed parameters printed in."""
    make, learned = NEURONS[name]
    module = make()
    values = {
        key: float(torch.as_tensor(getattr(module, key)).detach())
        for key in module.equations.parameters
    }
    work = Work(
        module.equations,
        module.surrogate,
        torch.device("cuda"),
        TYPES[kind],
        tuple((key, value) for key, value in values.items() if key not in learned),
        tuple(module.initial.get(state, 0.0) for state in module.equations.states),
        final=False,
    )
    parameters = [torch.tensor(values[key], device="cuda", requires_grad=True) for key in learned]
    return prepared("triton", work), parameters


def compile_job(job: Job) -> None:
    """Fill Triton's cache with the kernels of one row."""
    name, kind, steps = job
    loop, parameters = planned(name, kind)
    x = torch.zeros((steps, 1, TOTAL // steps), device="cuda", dtype=TYPES[kind])
    spikes, _ = run_loop(loop, [x.requires_grad_()], [], parameters)
    torch.autograd.grad(spikes, [x, *parameters], torch.zeros_like(spikes))
    torch.cuda.synchronize()


def check(name: str, x: torch.Tensor, spikes: torch.Tensor) -> None:
    """Check that some neurons fire as they do in eager torch on the CPU."""
    make, _ = NEURONS[name]
    some = slice(0, 1 << 12)
    module = make()
    module.backend = "torch"
    with torch.no_grad():
        expected = module(x[:, :, some].cpu())
    if not torch.equal(expected, spikes[:, :, some].cpu()) or not bool(expected.any()):
        raise SystemExit(f"{name}: the spikes differ from eager torch's")


def memory_ratio(call: Callable[[], torch.Tensor], x: torch.Tensor) -> float:
    """Return the memory kept for the backward beside the output, in units of the input."""
    before = torch.cuda.memory_allocated()
    spikes = call()
    grown = torch.cuda.memory_allocated() - before
    return (grown - spikes.numel() * spikes.element_size()) / (x.numel() * x.element_size())


def median(call: Callable[[], Any], times: int = 11) -> float:
    """Return the milliseconds, by events on a queue that is never empty."""
    for _ in range(3):
        call()
    pairs = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(times)]
    torch.cuda.synchronize()
    torch.cuda._sleep(60_000_000)
    for begin, end in pairs:
        begin.record()
        call()
        end.record()
    torch.cuda.synchronize()
    return sorted(begin.elapsed_time(end) for begin, end in pairs)[times // 2]


def copy_rate() -> float:
    """Return the bytes per millisecond, read and written."""
    source = torch.randn(TOTAL, device="cuda")
    target = torch.empty_like(source)
    return 8 * TOTAL / median(lambda: target.copy_(source))


def row(job: Job, rate: float) -> str:
    """Return one line of the table."""
    name, kind, steps = job
    loop, parameters = planned(name, kind)
    generator = torch.Generator("cuda").manual_seed(1)
    shape = (steps, 1, TOTAL // steps)
    scale = 30.0 if name == "Izhikevich" else 1.0
    x = torch.randn(shape, device="cuda", generator=generator).add_(0.4).mul_(scale)
    x = x.to(TYPES[kind]).requires_grad_()
    upstream = torch.randn(shape, device="cuda", generator=generator).to(TYPES[kind])
    leaves = [x, *parameters]

    def inference() -> torch.Tensor:
        with torch.no_grad():
            return forward()

    def forward() -> torch.Tensor:
        return run_loop(loop, [x], [], parameters)[0]

    def both() -> None:
        torch.autograd.grad(forward(), leaves, upstream)

    spikes = inference()
    check(name, x.detach(), spikes)
    rate_of_spikes = float(spikes[:, :, : 1 << 16].float().mean())
    del spikes
    memory = memory_ratio(forward, x)
    floor = TOTAL * x.element_size() / rate
    times = [median(inference) / (2 * floor), median(forward) / (2 * floor)]
    times.append(median(both) / (5 * floor))
    ratios = " | ".join(f"{value:.3f}" for value in times)
    return f"| {name} | {kind} | {steps} | {rate_of_spikes:.2f} | {ratios} | {memory:.3f} |"


def main() -> None:
    """Check, compile, measure."""
    with multiprocessing.get_context("spawn").Pool(max(1, (os.cpu_count() or 2) - 1)) as pool:
        pool.map(compile_job, list(jobs()), chunksize=1)
    before = copy_rate()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, T*N = 2^27")
    print(f"copy {before / 1e6:.0f} GB/s; ratios to the floor, medians of 11\n")
    print("| neuron | type | T | spikes | inference | forward | forward+backward | held |")
    print("|---|---|---|---|---|---|---|---|")
    for job in jobs():
        print(row(job, before), flush=True)
    print(f"\ncopy afterwards {copy_rate() / 1e6:.0f} GB/s")


if __name__ == "__main__":
    main()
