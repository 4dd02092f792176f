"""Training in several processes, as torchrun starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any

import torch
from torch import Tensor, distributed, nn

from snncore import functional
from snncore.layer import BatchNorm
from snncore.neuron import Neuron

# The option that sends buffers before every forward: torch renamed it in 2.13.
_NEWER = (
    "forward_sync_buffers" in signature(nn.parallel.DistributedDataParallel.__init__).parameters
)
_SEND = "forward_sync_buffers" if _NEWER else "broadcast_buffers"


@dataclass(frozen=True)
class Process:
    """One of several processes: its number, how many there are, and its device."""

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """True for the one process that prints and writes files."""
        return self.rank == 0


@contextmanager
def processes() -> Iterator[Process]:
    """Join the other processes for as long as this block runs; without torchrun one is alone.

    GPUs talk through NCCL, CPUs through gloo.
    """
    count, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    gpu = torch.cuda.is_available()
    device = torch.device("cuda", local_rank) if gpu else torch.device("cpu")
    if gpu:
        torch.cuda.set_device(device)
    if count == 1:
        yield Process(0, 1, device)
        return
    distributed.init_process_group("nccl" if gpu else "gloo")
    try:
        yield Process(rank, count, device)
    finally:
        distributed.destroy_process_group()


def data_parallel(network: nn.Module, process: Process, **options: Any) -> nn.Module:
    """Move the network to this process's device, and average its gradients over all processes.

    Batch norms take their statistics over all processes. Options are torch's.
    """
    network.to(process.device)
    functional.synchronize(network)
    if process.count == 1:
        return network
    where = [process.device] if process.device.type == "cuda" else None
    options.setdefault("gradient_as_bucket_view", True)
    if _alike(network):
        options.setdefault(_SEND, False)
    return nn.parallel.DistributedDataParallel(network, device_ids=where, **options)


def fully_sharded(network: nn.Module, process: Process, **options: Any) -> nn.Module:
    """Shard the network: each process holds a part of its weights, gradients and moments.

    All begin with the first one's weights. Each child module that has parameters is a unit of its
    own. Options are torch's (fully_shard).
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    network.to(process.device)
    functional.synchronize(network)
    if process.count == 1:
        return network
    for value in network.state_dict().values():
        distributed.broadcast(value, 0)
    single = {parameter for parameter in network.parameters() if parameter.ndim == 0}
    for parameter in single:
        # A single number, such as a learned leak, has no parts to hold.
        parameter.register_post_accumulate_grad_hook(partial(_average, process.count))
    options.setdefault("mesh", init_device_mesh(process.device.type, (process.count,)))
    for child in network.children():
        if set(child.parameters()) - single:
            fully_shard(child, ignored_params=single, **options)
    fully_shard(network, ignored_params=single, **options)
    return network


def _alike(network: nn.Module) -> bool:
    """Return whether all processes have the same buffers anyway, as with synchronized norms."""
    holders = [
        module for module in network.modules() if next(module.buffers(False), None) is not None
    ]
    return all(isinstance(module, BatchNorm | Neuron) for module in holders)


def _average(count: int, parameter: Tensor) -> None:
    if parameter.grad is not None:
        distributed.all_reduce(parameter.grad)
        parameter.grad /= count
