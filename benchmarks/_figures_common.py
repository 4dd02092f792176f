"""Parts that the benchmark of figures and its peer's process share; torch alone is imported."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from zlib import crc32

import torch
from torch import Tensor, nn

# Of the small network: images, channels, samples.
PIXELS, CHANNELS, SAMPLES = 16, 16, 4
TRAINING, INFERENCE = (2, 4, 8, 16, 32), 128
# Figure 5: neurons of a layer at 16 steps, and steps of a layer of 2^14 neurons.
WIDTHS, LENGTHS = (1 << 12, 1 << 14, 1 << 16, 1 << 18), (2, 4, 8, 16, 32, 64)
WIDTH, LENGTH = 1 << 14, 16
ABLATION = 16
# Figure 27: steps, images and their side of the recurrent SEW ResNet-18.
RESIDUAL, IMAGES, SIDE = (2, 4, 8), 2, 64
Times = dict[str, float]


def settle() -> None:
    """Make sums the same in every process and run: in float32, and in one order."""
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True


def images(steps: int, device: str) -> Tensor:
    """Return spikes (T, N, 2, H, W), the same in every process."""
    source = torch.Generator().manual_seed(steps)
    drawn = torch.rand(steps, SAMPLES, 2, PIXELS, PIXELS, generator=source)
    return (drawn < 0.3).float().to(device)


def currents(steps: int, neurons: int, device: str) -> Tensor:
    """Return currents (T, 1, N) that make neurons fire, the same in every process."""
    source = torch.Generator().manual_seed(steps + neurons)
    return (torch.randn(steps, 1, neurons, generator=source) + 0.4).to(device)


def weigh(network: nn.Module) -> None:
    """Set weights by their order and shape, so that every process has the same ones."""
    source = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                drawn = torch.randn(parameter.shape, generator=source)
                # Large enough for the last neurons, which no norm drives.
                parameter.copy_(3 * drawn / parameter[0].numel() ** 0.5)


def seconds(work: Callable[[], object], device: str, rounds: int) -> float:
    """Return the median time: of this thread's processor on a CPU, of the clock on a GPU."""
    clock = time.perf_counter if device == "cuda" else time.thread_time
    times = []
    for _ in range(rounds + 1):
        if device == "cuda":
            torch.cuda.synchronize()
        start = clock()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(clock() - start)
    # The first round compiles and allocates.
    return statistics.median(times[1:])


def weigh_residual(network: nn.Module) -> None:
    """Set weights of a residual network by their names, which are torchvision's everywhere."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim > 1:
                source = torch.Generator().manual_seed(crc32(name.encode()))
                drawn = torch.randn(parameter.shape, generator=source)
                parameter.copy_(2 * drawn / parameter[0].numel() ** 0.5)
            else:
                # Norms drive the neurons enough that the deepest fire; no bias speaks for them.
                parameter.fill_(2.0 if name.endswith("weight") else 0.0)


def frames(steps: int, device: str) -> Tensor:
    """Return images (T, N, 3, H, W), the same in every process."""
    source = torch.Generator().manual_seed(steps)
    return torch.randn(steps, IMAGES, 3, SIDE, SIDE, generator=source).to(device)


def measure_residual(
    runs: Mapping[str, tuple[Callable[[Tensor], Tensor], nn.Module]], device: str, rounds: int
) -> dict[str, Times]:
    """Return the times of a training step of the recurrent SEW ResNet-18: figure 27."""
    measured: dict[str, Times] = {}
    for name, (run, network) in runs.items():
        network.train()
        work = {steps: partial(step, run, network, frames(steps, device)) for steps in RESIDUAL}
        measured[name] = {
            f"recurrent {steps}": seconds(each, device, rounds) for steps, each in work.items()
        }
    return measured


def outputs_of(run: Callable[[Tensor], Tensor], network: nn.Module, device: str) -> Tensor:
    """Return the scores (T, N, classes) of the residual network, whose norms see the batch."""
    network.train()
    with torch.no_grad():
        return run(frames(RESIDUAL[0], device)).cpu()


def learnt(run: Callable[[Tensor], Tensor], network: nn.Module, x: Tensor) -> dict[str, Any]:
    """Return the spikes of a training step, and the gradients of all weights in their order."""
    network.zero_grad()
    spikes = run(x)
    (spikes * weights_like(spikes)).sum().backward()
    gradients = [p.grad.detach().cpu() for p in network.parameters() if p.grad is not None]
    return {"spikes": spikes.detach().cpu(), "gradients": gradients}


def weights_like(spikes: Tensor) -> Tensor:
    """Return what each spike counts in the loss."""
    count = spikes.numel()
    return torch.linspace(-1, 1, count, device=spikes.device).reshape(spikes.shape)


def step(run: Callable[[Tensor], Tensor], network: nn.Module, x: Tensor) -> None:
    """Train for a step, without an update."""
    network.zero_grad()
    spikes = run(x)
    (spikes * weights_like(spikes)).sum().backward()


def measure(
    runs: Mapping[str, tuple[Callable[[Tensor], Tensor], nn.Module]], device: str, rounds: int
) -> dict[str, Times]:
    """Return the times of a process' networks: figure 1d, and the step of figure 21."""
    measured: dict[str, Times] = {}
    for name, (run, network) in runs.items():
        network.train()
        times: Times = {}
        for steps in TRAINING:
            x = images(steps, device)
            times[f"training {steps}"] = seconds(partial(step, run, network, x), device, rounds)
        network.eval()
        with torch.no_grad():
            x = images(INFERENCE, device)
            times[f"inference {INFERENCE}"] = seconds(partial(run, x), device, rounds)
        measured[name] = times
    return measured


def differentiate(layer: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """Run neurons forward and backward."""
    torch.autograd.grad(layer(x), x, torch.ones_like(x))


def measure_neurons(
    layers: Mapping[str, Callable[[Tensor], Tensor]], device: str, rounds: int
) -> dict[str, Times]:
    """Return the times of a training step of a layer of neurons: figures 5b and 5c."""
    measured: dict[str, Times] = {}
    for name, layer in layers.items():
        times: Times = {}
        sizes = {f"neurons {width}": (LENGTH, width) for width in WIDTHS}
        sizes |= {f"steps {length}": (length, WIDTH) for length in LENGTHS}
        for key, size in sizes.items():
            x = currents(*size, device).requires_grad_()
            times[key] = seconds(partial(differentiate, layer, x), device, rounds)
        measured[name] = times
    return measured
