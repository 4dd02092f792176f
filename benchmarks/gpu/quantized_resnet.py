"""Spiking ResNet-18 on a chip's grid beside its float training, on one GPU, 224 x 224, batch 16.

Usage: python benchmarks/gpu/quantized_resnet.py [--write] [--target NAME] [steps ...]

An iteration is the forward pass, the loss, the backward pass and a step of SGD, in float32. Nothing
is timed before evaluation on the GPU gives the spikes of the fast engine, which golden proves, on
small images.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time

import numpy as np
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from benchmarks._iterations import captured, iteration
from benchmarks._results import report
from benchmarks.gpu._results import where
from snncore import functional, models, neuron
from snncore.kernels.host.build import LIBRARY

BATCH, SIZE, CLASSES, ROUNDS = 16, 224, 1000, 12


def floats() -> nn.Module:
    """Return the float network; its weights are the same each time."""
    torch.manual_seed(0)
    return models.spiking_resnet18(CLASSES, neuron=lambda: neuron.LIF(detach_reset=True))


def samples(steps: int, batch: int, size: int) -> Tensor:
    """Return spikes."""
    generator = torch.Generator().manual_seed(1)
    return (torch.rand(steps, batch, 3, size, size, generator=generator) < 0.3).float()


def prepared(target: str, size: int) -> nn.Module:
    """Return the network on the chip's grid."""
    form = quant.chip_format(target)
    return quant.prepare(floats(), target=form, example=samples(2, 2, size)).cuda().train()


def check(target: str) -> str:
    """Check a network that trained for a few steps against the fast engine; return its rate.

    Raises:
        RuntimeError: if outputs differ.
    """
    network = prepared(target, 64)
    x = samples(2, 4, 64)
    step = iteration(network, x.cuda(), CLASSES)
    for _ in range(10):
        step()
    functional.reset(network)
    network.eval()
    program = nd.lower(network, example=x)
    trace = nd.simulate(program, x, engine="fast")
    functional.reset(network)
    with torch.no_grad():
        outputs = network(x.cuda()).cpu().numpy()
    wanted = np.asarray(trace.output, dtype=outputs.dtype)
    if not np.array_equal(outputs, wanted):
        raise RuntimeError(f"{target}: {int((outputs != wanted).sum())} outputs differ")
    return f"{int((outputs != 0).sum())} of {outputs.size} outputs are not zero"


def measured(network: nn.Module, steps: int, graph: bool = False) -> tuple[float, float]:
    """Return an iteration's milliseconds (median) and the peak of memory in GiB."""
    x = samples(steps, BATCH, SIZE).cuda()
    run = (captured if graph else iteration)(network, x, CLASSES)
    for _ in range(5):
        run()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    peak = torch.cuda.max_memory_allocated() / 2**30
    del run, x
    gc.collect()
    torch.cuda.empty_cache()
    return statistics.median(times), peak


def main() -> None:
    """Check, measure, print, and write the table if it is wanted."""
    torch.backends.cudnn.benchmark = True
    LIBRARY.wait()
    words = sys.argv[1:]
    target = words[words.index("--target") + 1] if "--target" in words else "int8"
    print(f"{target}: {check(target)}", flush=True)
    table = [
        "| T | network | ms | over floats | GiB | over floats | in a graph | over floats |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for steps in [int(word) for word in words if word.isdigit()] or (4, 16):
        rows: dict[str, tuple[float, ...]] = {}
        for name in ("floats", target):
            pair = [floats().cuda() if name == "floats" else prepared(target, SIZE) for _ in "12"]
            eager, graph = pair
            rows[name] = *measured(eager.train(), steps), measured(graph.train(), steps, True)[0]
            ratios = [a / b for a, b in zip(rows[name], rows["floats"], strict=True)]
            numbers = zip(rows[name], ratios, (".1f", ".2f", ".1f"), strict=True)
            cells = [f"{value:{form}} | {ratio:.2f}" for value, ratio, form in numbers]
            table.append(f"| {steps} | {name} | {' | '.join(cells)} |")
            print(table[-1], flush=True)
    about = (
        f"{where()}: milliseconds per iteration and peak memory of Spiking ResNet-18, {SIZE} x "
        f"{SIZE}, batch {BATCH}, float32, TF32 as torch has it; in a graph: "
        "`training.CapturedStep`; from `PYTHONPATH=. python "
        f"benchmarks/gpu/quantized_resnet.py --write`. Medians of {ROUNDS}."
    )
    report(f"Training a whole network on {target}'s grid on a GPU", about, table)


if __name__ == "__main__":
    main()
