"""CUDA kernels (through CuPy) against the memory floor, and Triton's beside them; needs a GPU.

    PYTHONPATH=. python benchmarks/gpu/cuda_kernels.py            the table
    PYTHONPATH=. python benchmarks/gpu/cuda_kernels.py --sweep    what other measures would take

Floor: forward reads X and writes S; backward reads grad S and X and writes grad X; all in X's type,
over the bandwidth of a copy in the same run. A row is only timed after the spikes of both backends
are the same on every bit, and equal to eager torch's on the CPU for the first neurons.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch

from snncore import neuron
from snncore.kernels import Work, backend, prepared, run_loop
from snncore.kernels.cuda import shape as cuda_shape
from snncore.kernels.cuda.loop import CudaLoop
from snncore.kernels.cuda.shape import CudaConfig, backward_config, forward_config

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
STEPS = (4, 16, 64)
Job = tuple[str, str, int]
GPU = torch.device("cuda", 0)


def jobs() -> Iterator[Job]:
    """Yield every neuron, type and number of steps."""
    for name in NEURONS:
        for kind in TYPES:
            for steps in STEPS:
                yield name, kind, steps


def work_of(name: str, kind: str) -> tuple[Work, list[float]]:
    """Return a neuron's work from rest with its parameters printed in, and the learned ones."""
    make, learned = NEURONS[name]
    module = make()
    values = {
        key: float(torch.as_tensor(getattr(module, key)).detach())
        for key in module.equations.parameters
    }
    work = Work(
        module.equations,
        module.surrogate,
        GPU,
        TYPES[kind],
        tuple((key, value) for key, value in values.items() if key not in learned),
        tuple(module.initial.get(state, 0.0) for state in module.equations.states),
        final=False,
    )
    return work, [values[key] for key in learned]


def data(job: Job) -> tuple[torch.Tensor, torch.Tensor]:
    """Return an input that makes the neuron fire, and a dense upstream gradient."""
    name, kind, steps = job
    generator = torch.Generator("cuda").manual_seed(1)
    shape = (steps, 1, TOTAL // steps)
    scale = 30.0 if name == "Izhikevich" else 1.0
    x = torch.randn(shape, device=GPU, generator=generator).add_(0.4).mul_(scale)
    upstream = torch.randn(shape, device=GPU, generator=generator)
    return x.to(TYPES[kind]), upstream.to(TYPES[kind])


def median(call: Callable[[], Any], times: int = 15) -> float:
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
    source = torch.randn(TOTAL, device=GPU)
    target = torch.empty_like(source)
    return 8 * TOTAL / median(lambda: target.copy_(source))


def check(job: Job, spikes: dict[str, torch.Tensor], x: torch.Tensor) -> None:
    """Check that all backends have the spikes of eager torch on the CPU.

    Raises:
        RuntimeError: if one does not.
    """
    name = job[0]
    first = x[:, :, :4096].cpu()
    module = NEURONS[name][0]()
    module.backend = "torch"
    expected = module(first).detach()
    for which, output in spikes.items():
        if not torch.equal(output[:, :, :4096].cpu(), expected):
            raise RuntimeError(f"{job}: {which} differs from eager torch")
        if not torch.equal(output, next(iter(spikes.values()))):
            raise RuntimeError(f"{job}: {which} differs from {next(iter(spikes))}")
    if not bool(expected.any()):
        raise RuntimeError(f"{job}: no neuron fired")


def timed(which: str, job: Job, rate: float, spikes: dict[str, torch.Tensor]) -> list[float]:
    """Return the ratios to the floor: inference, forward, forward and backward."""
    name, kind, _ = job
    work, learned = work_of(name, kind)
    loop = prepared(which, work)
    parameters = [torch.tensor(value, device=GPU, requires_grad=True) for value in learned]
    x, upstream = data(job)
    leaves = [x.requires_grad_(), *parameters]

    def forward() -> torch.Tensor:
        return run_loop(loop, [x], [], parameters)[0]

    def inference() -> torch.Tensor:
        with torch.no_grad():
            return forward()

    def both() -> None:
        torch.autograd.grad(forward(), leaves, upstream)

    spikes[which] = inference()
    check(job, spikes, x.detach())
    floor = TOTAL * x.element_size() / rate
    return [
        median(inference) / (2 * floor),
        median(forward) / (2 * floor),
        median(both) / (5 * floor),
    ]


def row(job: Job, backends: list[str], rate: float) -> str:
    """Return one line of the table."""
    name, kind, steps = job
    spikes: dict[str, torch.Tensor] = {}
    cells = []
    for which in backends:
        cells += [f"{value:.3f}" for value in timed(which, job, rate, spikes)]
    fired = float(next(iter(spikes.values()))[:, :, : 1 << 16].float().mean())
    return f"| {name} | {kind} | {steps} | {fired:.2f} | {' | '.join(cells)} |"


def small_layer(backends: list[str]) -> None:
    """Print a small layer's training step under a CUDA graph, in microseconds per replay."""
    for which in backends:
        for kind in (torch.float32, torch.bfloat16):
            x = torch.randn(32, 1, 1 << 14, device=GPU).to(kind).requires_grad_()
            upstream = torch.randn_like(x)
            module = neuron.LIF(backend=which, keep_states=False).to(GPU)
            stream = torch.cuda.Stream()
            with torch.cuda.stream(stream):
                torch.autograd.grad(module(x), x, upstream)
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=stream):
                torch.autograd.grad(module(x), x, upstream)
            print(f"T=32, N=2^14, {kind}, {which}: {1e3 * median(graph.replay):.1f} us a replay")


def measures(steps: int, itemsize: int) -> Iterator[tuple[bool, CudaConfig]]:
    """Yield alternative sizes of the forward (False) and the backward (True) kernel."""
    for threads, lanes in ((128, 1), (128, 2), (128, 4), (128, 8), (64, 2), (256, 1), (256, 2)):
        if not 4 <= lanes * itemsize <= 16:
            continue
        for chunk in {min(steps, size) for size in (8, 16)}:
            if threads == 128:
                yield False, CudaConfig(threads, lanes, chunk)
            if lanes * itemsize <= 8 or steps <= 4:
                span = max(chunk, (min(steps, 65) - 1) // chunk * chunk)
                yield True, CudaConfig(threads, lanes, chunk, span)


SWEPT = ("LIF", "LIF tau=3", "ParametricLIF", "Izhikevich")


def swept() -> Iterator[tuple[Job, bool, CudaConfig]]:
    """Yield what the sweep measures."""
    for name in SWEPT:
        for kind in ("float32", "bfloat16"):
            for steps in STEPS:
                for back, config in dict.fromkeys(measures(steps, TYPES[kind].itemsize)):
                    yield (name, kind, steps), back, config


def call_of(job: Job, back: bool, config: CudaConfig | None, neurons: int) -> Callable[[], Any]:
    """Return a launch of one kernel, on memory with arbitrary content."""
    name, kind, steps = job
    work, learned = work_of(name, kind)
    loop = CudaLoop.of(work)
    x = torch.zeros(steps, 1, neurons, device=GPU, dtype=TYPES[kind])
    x = x.normal_().add_(0.4).mul_(30.0 if name == "Izhikevich" else 1.0)
    parameters = [torch.tensor(value, device=GPU) for value in learned]
    if not back:
        return lambda: loop.forward([x], [], parameters, config)
    incoming = torch.randn_like(x)
    needs = [True] * (1 + len(parameters))
    return lambda: loop.backward([x], [], parameters, incoming, [], needs, config)


def sweep(rate: float) -> None:
    """Print the best sizes of each kernel, and the chosen ones beside them."""
    timings: dict[tuple[Job, bool], list[tuple[float, CudaConfig]]] = {}
    for job, back, config in swept():
        floor = (3 if back else 2) * TOTAL * TYPES[job[1]].itemsize / rate
        try:
            time = median(call_of(job, back, config, TOTAL // job[2]), 7) / floor
        except Exception as error:  # noqa: BLE001
            print(f"{job} {'backward' if back else 'forward'} {config}: {error}")
            continue
        timings.setdefault((job, back), []).append((time, config))
    for (job, back), times in timings.items():
        times.sort(key=lambda pair: pair[0])
        work, learned = work_of(job[0], job[1])
        size = TYPES[job[1]].itemsize
        chosen = forward_config(job[2], TOTAL // job[2], size)
        if back:
            chosen = backward_config(work.equations, len(learned), job[2], TOTAL // job[2], size)
        floor = (3 if back else 2) * TOTAL * size / rate
        now = median(call_of(job, back, chosen, TOTAL // job[2]), 7) / floor
        best = "; ".join(
            f"{time:.3f} {c.threads}/{c.lanes}/{c.chunk}/{c.span}" for time, c in times[:4]
        )
        which = "backward" if back else "forward"
        mine = f"{chosen.threads}/{chosen.lanes}/{chosen.chunk}/{chosen.span}"
        print(
            f"{' '.join(map(str, job))} {which}: chosen {now:.3f} {mine}; best {best}", flush=True
        )


def compile_one(task: tuple[Job, bool, CudaConfig | None]) -> None:
    """Fill the cache with a large layer's kernel, by running it on a few neurons."""
    cuda_shape.BUSY = 1
    job, back, config = task
    call_of(job, back, config, 1 << 12)()
    torch.cuda.synchronize()


def compile_triton(job: Job) -> None:
    """Fill Triton's cache with the kernels of one row."""
    work, learned = work_of(job[0], job[1])
    parameters = [torch.tensor(value, device=GPU, requires_grad=True) for value in learned]
    x = torch.zeros((job[2], 1, TOTAL // job[2]), device=GPU, dtype=TYPES[job[1]])
    spikes, _ = run_loop(prepared("triton", work), [x.requires_grad_()], [], parameters)
    torch.autograd.grad(spikes, [x, *parameters], torch.zeros_like(spikes))
    torch.cuda.synchronize()


def main(arguments: list[str]) -> None:
    """Compile, check, measure."""
    sweeping = "--sweep" in arguments
    lif = work_of("LIF", "float32")[0]
    refused = {name: backend(name).refusal(lif) for name in ("cupy", "triton")}
    backends = [name for name, reason in refused.items() if reason is None]
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, T*N = 2^27; {refused}")
    tasks = [*swept()] if sweeping else [(job, back, None) for job in jobs() for back in (0, 1)]
    processes = min(14, max(1, (os.cpu_count() or 2) - 1))
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(compile_one, tasks, chunksize=2)
        if "triton" in backends and not sweeping:
            pool.map(compile_triton, list(jobs()), chunksize=1)
    before = copy_rate()
    print(f"copy {before / 1e6:.0f} GB/s; ratios to the floor, medians of 15\n")
    if sweeping:
        sweep(before)
        return
    columns = [f"{b} {m}" for b in backends for m in ("inference", "forward", "both")]
    print(f"| neuron | type | T | spikes | {' | '.join(columns)} |")
    print(f"|{'---|' * (4 + len(columns))}")
    for job in jobs():
        print(row(job, backends, before), flush=True)
    print(f"\ncopy afterwards {copy_rate() / 1e6:.0f} GB/s\n")
    small_layer(backends)


if __name__ == "__main__":
    main(sys.argv[1:])
