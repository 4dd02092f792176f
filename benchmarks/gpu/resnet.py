"""A training iteration of Spiking ResNet-18 beside that of the ANN of its size, on one GPU.

Usage: python benchmarks/gpu/resnet.py [--short] [steps ...]

224 x 224 images, batch 16; the ANN is the same network with ReLUs on steps x 16 images. Nothing is
timed before a batch norm with neurons computes the same on two backends, and fused. Inputs differ
by step unless the row says that they do not. "In a graph" is the same iteration captured, beside
the captured ANN. The host's share is how long Python takes until the last kernel is started.
--short leaves out all rows but those of Spiking ResNet-18 itself; --write puts the table into
RESULTS.md.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks._results import report
from benchmarks.gpu._results import where
from snncore import functional, layer, models, neuron, training
from snncore.kernels.host.build import LIBRARY

BATCH, SIZE, CLASSES = 16, 224, 1000
STEPS = (4, 16, 32)
FIRES = partial(neuron.LIF, detach_reset=True)
STATELESS = partial(neuron.LIF, detach_reset=True, keep_states=False)
PLAIN = partial(models.spiking_resnet18, CLASSES, neuron=STATELESS)
SEW = partial(models.sew_resnet18, CLASSES, neuron=STATELESS)


@dataclass(frozen=True)
class Row:
    """A row of the table: `steps` of 0 is an ANN on single images, -1 one image for all steps."""

    name: str
    make: Callable[[], nn.Module]
    steps: int = 1
    compressed: bool = False
    graph: bool = False
    learns: bool = True


def relu(**_: Any) -> nn.Module:
    """Return the ANN's counterpart of a neuron."""
    return nn.ReLU(inplace=True)


def check() -> None:
    """Check that a batch norm with neurons agrees on two backends, and fused.

    Raises:
        RuntimeError: if they disagree, or nothing fires.
    """
    torch.manual_seed(0)
    x = torch.randn(8, 4, 32, 28, 28, device="cuda") * 3
    weigh = torch.rand_like(x)
    results = {}
    for name in ("torch", "auto", "fused"):
        pair = nn.Sequential(layer.BatchNorm2d(32), FIRES(backend=name.replace("fused", "auto")))
        pair.cuda()
        if name == "fused":
            training.fuse_norms(pair)
        leaf = x.clone().requires_grad_()
        spikes = pair(leaf)
        (spikes * weigh).sum().backward()
        results[name] = spikes.detach(), leaf.grad, pair[0].weight.grad
        print(f"{name}: neurons run by {layer.backend_report(pair)['1'].chosen}")
    expected = results["torch"]
    flips = max(float((spikes != expected[0]).float().mean()) for spikes, *_ in results.values())
    off = max(
        float((mine - theirs).norm() / theirs.norm())
        for grads in results.values()
        for mine, theirs in zip(grads[1:], expected[1:], strict=True)
    )
    rate = float(expected[0].mean())
    print(f"{rate:.3f} spikes a step; {flips:.1e} of them differ, gradients by {off:.1e}")
    if flips > 1e-4 or off > 0.02 or not 0.01 < rate < 0.99:
        raise RuntimeError("the backends disagree, so nothing is timed")


def criterion(outputs: Tensor, labels: Tensor) -> Tensor:
    """Return the loss; for sequences, by the mean of their steps."""
    return nn.functional.cross_entropy(
        (outputs if outputs.ndim == 2 else outputs.mean(0)).float(), labels
    )


def iteration(network: nn.Module, x: Tensor, row: Row, amp: bool) -> Callable[[], None]:
    """Return a function that runs one iteration of SGD."""
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    labels = torch.randint(0, CLASSES, (x.shape[-4],), device="cuda")
    if row.graph:
        kind = torch.float16 if amp else None
        packed = training.compressed_spikes(network) if row.compressed else nullcontext()
        with packed:
            step = training.CapturedStep(network, criterion, x, labels, autocast=kind)

        def replay() -> None:
            step(x, labels)
            optimizer.step()

        return replay

    def infer() -> None:
        with torch.no_grad(), torch.autocast("cuda", enabled=amp):
            network(x)
        functional.reset(network)

    if not row.learns:
        network.eval()
        return infer

    def run() -> None:
        optimizer.zero_grad(set_to_none=True)
        packed = training.compressed_spikes(network) if row.compressed else nullcontext()
        with packed, torch.autocast("cuda", enabled=amp):
            loss = criterion(network(x), labels)
        loss.backward()
        optimizer.step()
        functional.reset(network)

    return run


def fused(make: Callable[[], nn.Module]) -> nn.Module:
    """Return a network whose neurons do the work of their batch norms."""
    network = make()
    training.fuse_norms(network)
    return network


def measured(row: Row, steps: int, amp: bool) -> tuple[float, float, float]:
    """Return an iteration's and its host's milliseconds (medians of 15), and the peak in GiB."""
    network = row.make().cuda()
    if row.steps == 0:
        x = torch.rand(BATCH * steps, 3, SIZE, SIZE, device="cuda")
    else:
        x = torch.rand(BATCH, 3, SIZE, SIZE, device="cuda").expand(steps, -1, -1, -1, -1)
        # Without a copy every step is the same memory, and the stem is computed once.
        x = x if row.steps < 0 else x.contiguous()
    torch.cuda.reset_peak_memory_stats()
    run = iteration(network, x, row, amp)
    for _ in range(6):
        run()
    torch.cuda.synchronize()
    if not row.graph:
        torch.cuda.reset_peak_memory_stats()
    times, host = [], []
    for _ in range(15):
        start = time.perf_counter()
        run()
        host.append(1e3 * (time.perf_counter() - start))
        torch.cuda.synchronize()
        times.append(1e3 * (time.perf_counter() - start))
    peak = torch.cuda.max_memory_allocated() / 2**30
    del network, x, run
    gc.collect()
    torch.cuda.empty_cache()
    return statistics.median(times), statistics.median(host), peak


def ann() -> nn.Module:
    """Return the network with ReLUs, on single images."""
    network = models.spiking_resnet18(CLASSES, neuron=relu)
    functional.set_step_mode(network, "s")
    return network


SPIKING = models.spiking_resnet18
ROWS = (
    Row("ANN", ann, steps=0),
    Row("Spiking ResNet-18", partial(SPIKING, CLASSES, neuron=FIRES)),
    Row("... states not kept", PLAIN),
    Row("... norms fused", partial(fused, PLAIN)),
    Row("ANN, in a graph", ann, steps=0, graph=True),
    Row("Spiking ResNet-18, states not kept, in a graph", PLAIN, graph=True),
    Row("... norms fused, in a graph", partial(fused, PLAIN), graph=True),
    Row("ANN, inference", ann, steps=0, learns=False),
    Row("Spiking ResNet-18, inference", PLAIN, learns=False),
    Row("... norms fused, inference", partial(fused, PLAIN), learns=False),
)
MORE = (
    Row("... spikes compressed", PLAIN, compressed=True),
    Row("... norms fused, spikes compressed", partial(fused, PLAIN), compressed=True),
    Row("... the same image in every step", PLAIN, steps=-1),
    Row("... the same image, fused, compressed", partial(fused, PLAIN), -1, compressed=True),
    Row("SEW ResNet-18, norms fused", partial(fused, SEW)),
)


def main() -> None:
    """Measure every number of steps in float32 and under autocast."""
    torch.backends.cudnn.benchmark = True
    LIBRARY.wait()
    check()
    table = ["| T | type | network | ms | times the ANN | host ms | peak GiB |"]
    table.append("|---|---|---|---|---|---|---|")
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    rows = ROWS if "--short" in sys.argv else ROWS[:4] + MORE + ROWS[4:]
    for steps in [int(number) for number in arguments] or STEPS:
        for amp in (True, False):
            kind, base = "autocast" if amp else "float32", 0.0
            for row in rows:
                duration, host, peak = measured(row, steps, amp)
                base = duration if row.steps == 0 else base
                text = f"| {steps} | {kind} | {row.name} | {duration:.1f} | {duration / base:.2f} |"
                table.append(f"{text} {host:.1f} | {peak:.1f} |")
                print(table[-1], flush=True)
    about = (
        f"{where()}: an iteration of training, or inference, of Spiking ResNet-18, {SIZE} x "
        f"{SIZE}, batch {BATCH}, beside the ANN of its size on T x {BATCH} images, which is in the "
        "same form as the row; from `PYTHONPATH=. python benchmarks/gpu/resnet.py --short --write "
        f"{' '.join(arguments)}`. Medians of 15."
    )
    report("A whole network of few steps on a GPU", about, table)


if __name__ == "__main__":
    main()
