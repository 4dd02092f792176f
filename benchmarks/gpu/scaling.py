"""Spiking ResNet-18 trained on several GPUs of one machine beside one of them alone.

Usage: python benchmarks/gpu/scaling.py [--gpus 2 4] [--steps 4 16] [--cpu]

Each process has a GPU and a batch of its own, so the time of an iteration would stay the same if
talking were free: the speed-up is images a second over those of the first GPU alone, on 224 x 224
images, batch 16, under autocast. Nothing is reported unless the processes' weights agree after
training. --cpu runs the same on processes of a CPU with a tiny network, to try the script.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, distributed, nn

from snncore import functional, models, neuron, training

BATCH, SIZE, CLASSES = 16, 224, 1000
TINY = {"width": 4, "small_images": True}
FIRES = partial(neuron.LIF, detach_reset=True, keep_states=False)


def criterion(outputs: Tensor, labels: Tensor) -> Tensor:
    """Return the loss, by the mean of the steps."""
    return nn.functional.cross_entropy(outputs.mean(0).float(), labels)


def iteration(network: nn.Module, x: Tensor) -> Callable[[], None]:
    """Return a function that runs one iteration of SGD."""
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    labels = torch.randint(0, CLASSES, (x.shape[1],), device=x.device)

    def run() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(x.device.type, enabled=x.is_cuda):
            loss = criterion(network(x), labels)
        loss.backward()
        optimizer.step()
        functional.reset(network)

    return run


def captured(
    network: nn.Module, x: Tensor, process: training.Process | None = None
) -> Callable[[], None]:
    """Return the same, with forward and backward as one CUDA graph."""
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    labels = torch.randint(0, CLASSES, (x.shape[1],), device=x.device)
    options = {"autocast": torch.float16, "process": process}
    step = training.CapturedStep(network, criterion, x, labels, **options)

    def run() -> None:
        step(x, labels)
        optimizer.step()

    return run


def milliseconds(run: Callable[[], None], x: Tensor, together: bool) -> float:
    """Return the median time of an iteration."""
    times = []
    for _ in range(30 if x.is_cuda else 3):
        if together:
            distributed.barrier()
        finish(x)
        start = time.perf_counter()
        run()
        finish(x)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[len(times) // 3 :])


def finish(x: Tensor) -> None:
    """Wait for the device."""
    if x.is_cuda:
        torch.cuda.synchronize()


def agree(network: nn.Module) -> None:
    """Check that all processes have the same weights.

    Raises:
        RuntimeError: if they do not.
    """
    mine = torch.stack([p.detach().double().sum() for p in network.parameters()]).sum()
    every = [torch.empty_like(mine) for _ in range(distributed.get_world_size())]
    distributed.all_gather(every, mine)
    if not mine.isfinite() or any(value != mine for value in every):
        raise RuntimeError(f"the processes' weights differ after training: {every}")


# The way an iteration runs, and its milliseconds alone and together.
Row = tuple[str, float, float]


def measured(process: training.Process, steps: int, cpu: bool) -> list[Row]:
    """Return every way, each with its own time on one GPU alone."""

    def make() -> nn.Module:
        torch.manual_seed(0)
        options = TINY if cpu else {}
        return models.spiking_resnet18(CLASSES, neuron=FIRES, **options).to(process.device)

    def by_itself(way: Callable[..., Callable[[], None]]) -> float:
        duration = milliseconds(way(make(), x), x, False) if process.first else 0.0
        distributed.barrier()
        return duration

    batch, size = (2, 16) if cpu else (BATCH, SIZE)
    x = torch.rand(steps, batch, 3, size, size, device=process.device)
    alone, rows = by_itself(iteration), []
    for synchronized in (True, False):
        network = training.data_parallel(make(), process)
        functional.synchronize(network, synchronized)
        duration = milliseconds(iteration(network, x), x, True)
        agree(network)
        norms = "synchronized" if synchronized else "by GPU"
        rows.append((f"data-parallel, batch norms {norms}", alone, duration))
    network = training.fully_sharded(make(), process)
    duration = milliseconds(iteration(network, x), x, True)
    rows.append(("fully sharded, batch norms synchronized", alone, duration))
    if not cpu:
        alone, network = by_itself(captured), make()
        duration = milliseconds(captured(network, x, process), x, True)
        agree(network)
        rows.append(("captured, gradients averaged, batch norms by GPU", alone, duration))
    return rows


def worker(rank: int, count: int, port: int, options: argparse.Namespace) -> None:
    """Run one process; the first one prints."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= {"WORLD_SIZE": str(count), "RANK": str(rank), "LOCAL_RANK": str(rank)}
    torch.backends.cudnn.benchmark = True
    with training.processes() as process:
        for steps in options.steps:
            rows = measured(process, steps, options.cpu)
            for name, alone, value in rows if process.first else ():
                row = f"{alone:.1f} | {value:.1f} | {count * alone / value:.2f}"
                print(f"| {count} | {steps} | {name} | {row} |", flush=True)


def main() -> None:
    """Measure every available number of GPUs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gpus", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--steps", type=int, nargs="+", default=[4, 16])
    parser.add_argument("--cpu", action="store_true")
    options = parser.parse_args()
    available = max(options.gpus) if options.cpu else torch.cuda.device_count()
    device = "a CPU" if options.cpu else torch.cuda.get_device_name()
    print(f"{device}, torch {torch.__version__}\n")
    print("| processes | T | how | one alone, ms | together, ms | times one |")
    print("|---|---|---|---|---|---|", flush=True)
    for count in options.gpus:
        if count > available:
            print(f"| {count} | | not run: there are {available} GPUs | | | |")
            continue
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        torch.multiprocessing.spawn(worker, (count, port, options), count)


if __name__ == "__main__":
    main()
