"""Data-parallel training of Spiking ResNet-18 on several GPUs beside one.

Usage: torchrun --nproc-per-node 4 benchmarks/gpu/scaling.py

Each GPU has a batch of its own, so the time of an iteration would stay the same if talking were
free: the speed-up is images a second over those of one GPU alone.
"""

from __future__ import annotations

import os
import statistics
import time

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from snncore import functional, models

BATCH, STEPS, SIZE, CLASSES = 16, 4, 224, 1000


def seconds(network: nn.Module, x: torch.Tensor, together: bool) -> float:
    """The median time of an iteration."""
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    labels = torch.randint(0, CLASSES, (BATCH,), device="cuda")
    times = []
    for _ in range(25):
        if together:
            distributed.barrier()
        torch.cuda.synchronize()
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda"):
            outputs = network(x).mean(0)
        nn.functional.cross_entropy(outputs.float(), labels).backward()
        optimizer.step()
        functional.reset(network)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[10:])


def main() -> None:
    """One GPU alone, then all of them, with and without synchronized batch norms."""
    torch.backends.cudnn.benchmark = True
    rank = int(os.environ["LOCAL_RANK"])
    torch.cuda.set_device(rank)
    distributed.init_process_group("nccl")
    count = distributed.get_world_size()
    torch.manual_seed(0)
    network = models.spiking_resnet18(CLASSES).cuda()
    x = torch.rand(BATCH, 3, SIZE, SIZE, device="cuda").expand(STEPS, -1, -1, -1, -1)
    alone = seconds(network, x, False) if rank == 0 else 0.0
    distributed.barrier()
    parallel = DistributedDataParallel(network, device_ids=[rank], gradient_as_bucket_view=True)
    found = {"batch norms by GPU": seconds(parallel, x, True)}
    weights = [parameter.detach().float().sum() for parameter in network.parameters()]
    mine = torch.stack(weights).sum()
    every = [torch.empty_like(mine) for _ in range(count)]
    distributed.all_gather(every, mine)
    functional.synchronize(network)
    found["synchronized batch norms"] = seconds(parallel, x, True)
    if rank == 0:
        if any(value != mine for value in every):
            raise RuntimeError("the processes' weights differ after training")
        print(f"weights agree on all GPUs; one alone: {1e3 * alone:.1f} ms an iteration")
        for name, value in found.items():
            speed_up = count * alone / value
            print(f"{count} GPUs, {name}: {1e3 * value:.1f} ms, {speed_up:.2f} times one GPU")
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
