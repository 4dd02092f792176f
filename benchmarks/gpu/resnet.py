"""A training iteration of Spiking ResNet-18 beside that of the ANN of its size, on one GPU.

Usage: python benchmarks/gpu/resnet.py [steps ...]

224 x 224 images, batch 16; the ANN is the same network with ReLUs on steps x 16 images. Nothing is
timed before a batch norm with neurons computes the same on two backends, and fused. Inputs differ
by step unless the row says that they do not.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from snncore import functional, layer, models, neuron, training

BATCH, SIZE, CLASSES = 16, 224, 1000
STEPS = (4, 16, 32)
FIRES = partial(neuron.LIF, detach_reset=True)
STATELESS = partial(neuron.LIF, detach_reset=True, keep_states=False)


def relu(**_: Any) -> nn.Module:
    """What the ANN has for neurons."""
    return nn.ReLU(inplace=True)


def check() -> None:
    """A batch norm with neurons: on two backends, and fused.

    Raises:
        RuntimeError: if they disagree, or nothing fires.
    """
    torch.manual_seed(0)
    x = torch.randn(8, 4, 32, 28, 28, device="cuda") * 3
    weigh = torch.rand_like(x)
    found = {}
    for name in ("torch", "auto", "fused"):
        pair = nn.Sequential(layer.BatchNorm2d(32), FIRES(backend=name.replace("fused", "auto")))
        pair.cuda()
        if name == "fused":
            training.fuse_norms(pair)
        given = x.clone().requires_grad_()
        spikes = pair(given)
        (spikes * weigh).sum().backward()
        found[name] = spikes.detach(), given.grad, pair[0].weight.grad
        print(f"{name}: neurons run by {layer.backend_report(pair)['1'].chosen}")
    expected = found["torch"]
    flips = max(float((spikes != expected[0]).float().mean()) for spikes, *_ in found.values())
    off = max(
        float((mine - theirs).norm() / theirs.norm())
        for grads in found.values()
        for mine, theirs in zip(grads[1:], expected[1:], strict=True)
    )
    rate = float(expected[0].mean())
    print(f"{rate:.3f} spikes a step; {flips:.1e} of them differ, gradients by {off:.1e}")
    if flips > 1e-4 or off > 0.02 or not 0.01 < rate < 0.99:
        raise RuntimeError("the backends disagree, so nothing is timed")


def iteration(network: nn.Module, x: Tensor, steps: int, amp: bool, compressed: bool) -> Any:
    """One iteration of SGD; `steps` of 0 is the ANN, and -T one image for all steps."""
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    labels = torch.randint(0, CLASSES, (len(x),), device="cuda")
    if steps:
        # Without a copy every step is the same memory, and the stem is computed once.
        x = x.expand(abs(steps), *x.shape)
        x = x if steps < 0 else x.contiguous()

    def run() -> None:
        optimizer.zero_grad(set_to_none=True)
        packed = training.compressed_spikes(network) if compressed else nullcontext()
        with packed, torch.autocast("cuda", enabled=amp):
            outputs = network(x) if steps == 0 else network(x).mean(0)
            loss = nn.functional.cross_entropy(outputs.float(), labels)
        loss.backward()
        optimizer.step()
        functional.reset(network)

    return run


def fused(make: Callable[[], nn.Module]) -> nn.Module:
    """A network whose neurons do the work of their batch norms."""
    network = make()
    training.fuse_norms(network)
    return network


def measured(make: Callable[[], nn.Module], *given: Any) -> tuple[float, float]:
    """Milliseconds of an iteration, the median of nine, and the peak of memory in GiB."""
    images, steps, amp, compressed = given
    network = make().cuda()
    x = torch.rand(images, 3, SIZE, SIZE, device="cuda")
    run = iteration(network, x, steps, amp, compressed)
    for _ in range(4):
        run()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(9):
        start = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append(1e3 * (time.perf_counter() - start))
    peak = torch.cuda.max_memory_allocated() / 2**30
    del network, x, run
    gc.collect()
    torch.cuda.empty_cache()
    return statistics.median(times), peak


def ann() -> nn.Module:
    """The network with ReLUs, on single images."""
    network = models.spiking_resnet18(CLASSES, neuron=relu)
    functional.set_step_mode(network, "s")
    return network


def main() -> None:
    """Every number of steps in float32 and under autocast."""
    torch.backends.cudnn.benchmark = True
    check()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, batch {BATCH}")
    print("| T | type | network | ms | times the ANN | peak GiB |\n|---|---|---|---|---|---|")
    for steps in [int(given) for given in sys.argv[1:]] or STEPS:
        for amp in (False, True):
            kind = "autocast" if amp else "float32"
            base, peak = measured(ann, BATCH * steps, 0, amp, False)
            print(f"| {steps} | {kind} | ANN | {base:.1f} | 1.00 | {peak:.1f} |", flush=True)
            for name, fires, sew, fuse, compressed, sign in (
                ("Spiking ResNet-18", FIRES, False, False, False, 1),
                ("... states not kept", STATELESS, False, False, False, 1),
                ("... spikes compressed", STATELESS, False, False, True, 1),
                ("... norms fused", STATELESS, False, True, False, 1),
                ("... norms fused, spikes compressed", STATELESS, False, True, True, 1),
                ("... the same image in every step", STATELESS, False, False, False, -1),
                ("... the same image, fused, compressed", STATELESS, False, True, True, -1),
                ("SEW ResNet-18, norms fused", STATELESS, True, True, False, 1),
            ):
                kind_of = models.sew_resnet18 if sew else models.spiking_resnet18
                make: Callable[[], nn.Module] = partial(kind_of, CLASSES, neuron=fires)
                make = partial(fused, make) if fuse else make
                found, peak = measured(make, BATCH, sign * steps, amp, compressed)
                ratio = found / base
                row = f"| {steps} | {kind} | {name} | {found:.1f} | {ratio:.2f} | {peak:.1f} |"
                print(row, flush=True)


if __name__ == "__main__":
    main()
