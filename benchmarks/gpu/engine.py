"""The fast engine beside the network in floats, on one GPU: Spiking ResNet-18, 224 x 224, batch 16.

Usage: PYTHONPATH=. python benchmarks/gpu/engine.py [--write] [--size PIXELS] [--batch N]

Spikes lie on the GPU, and so does what comes out: the spikes of every layer, or those and all
states. Nothing is timed before the engine on the GPU gives golden's spikes and states for one
sample, and for the whole batch the spikes of the engine on the processor. "In a graph" is the same
call, captured.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from benchmarks._results import report
from benchmarks.gpu._results import where
from neurodeploy.program import Program
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.engine.compiled import Compiled
from neurodeploy.simulator.fast import Engine, run_fast, run_tensors
from snncore import functional, layer, models, neuron, training
from snncore.dynamics.arithmetic.interval import Interval
from snncore.kernels.host.build import LIBRARY

STEPS, ROUNDS, CLASSES = 4, 21, 1000


def samples(batch: int, size: int) -> Tensor:
    """Return random spikes."""
    generator = torch.Generator().manual_seed(1)
    return (torch.rand(STEPS, batch, 3, size, size, generator=generator) < 0.3).float()


@torch.no_grad()
def floats(x: Tensor) -> nn.Module:
    """Return the network, whose norms saw the samples, so that deep layers fire."""
    torch.manual_seed(0)
    network = models.spiking_resnet18(CLASSES, neuron=lambda: neuron.LIF(keep_states=False))
    for module in network.modules():
        if isinstance(module, layer.BatchNorm):
            module.momentum = 1.0
            module.weight.fill_(2.0)
            module.bias.fill_(0.5)
    network.train()(x)
    functional.reset(network)
    return network.eval()


def require_equal(program: Program, x: Tensor) -> str:
    """Stop unless the engine gives golden's values; return what was compared.

    Raises:
        RuntimeError: if a value differs, or nothing fired.
    """
    integers = x.numpy().astype(np.int64)
    golden = run_golden(program, integers[:, :1])
    arrays = run_tensors(program, x[:, :1].cuda(), states=True)
    values = 0
    for name in golden:
        for key, expected in golden[name].values.items():
            if not np.array_equal(arrays[name][key].cpu().numpy(), expected):
                raise RuntimeError(f"{name}.{key}: the engine is not golden")
            values += expected.size
    whole = run_fast(program, integers, states=False, compiled=True)
    arrays = run_tensors(program, x.cuda())
    for name in whole:
        if not np.array_equal(arrays[name]["s"].cpu().numpy(), whole[name].s):
            raise RuntimeError(f"{name}.s: the engine differs from that on the processor")
        values += whole[name].s.size
    if not golden.spikes() or not golden[program.output].s.any():
        raise RuntimeError("nothing fired at the end")
    return f"{values:,} values equal, {whole.spikes():,} spikes"


def captured(call: Callable[[], object]) -> Callable[[], object]:
    """Return a call that replays this one as a graph."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def milliseconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median time of each call, in turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for index in range(ROUNDS + 4):
        for name, call in calls.items():
            torch.cuda.synchronize()
            start = time.perf_counter()
            call()
            torch.cuda.synchronize()
            if index >= 4:
                times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(each) for name, each in times.items()}


def calls_of(program: Program, network: nn.Module, x: Tensor) -> dict[str, Callable[[], object]]:
    """Return every call that is measured."""
    fused = floats(x.cpu()).cuda()
    training.fuse_norms(fused)
    engine = Engine(program, Interval(0, 1), x.device, Compiled.TRITON, keeps=True)
    spikes = x.to(torch.uint8)

    def run(which: nn.Module) -> Callable[[], object]:
        @torch.no_grad()
        def call() -> object:
            functional.reset(which)
            return which(x)

        return call

    return {
        "floats": run(network),
        "floats, norms fused": run(fused),
        "engine, spikes of all layers": lambda: engine.run(spikes, states=False),
        "engine, samples checked first": lambda: run_tensors(program, spikes),
        "engine, spikes and states": lambda: engine.run(spikes, states=True),
    }


def main() -> None:
    """Check, and measure all calls."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=16)
    chosen = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    LIBRARY.wait()
    x = samples(chosen.batch, chosen.size)
    network = floats(x[:, :2])
    form = quant.chip_format("int8")
    prepared = quant.prepare(network, target=form, example=x[:, :2]).eval()
    program = nd.lower(prepared, example=x[:, :1])
    equal = require_equal(program, x)
    print(equal, flush=True)
    network, x = floats(x[:, :2]).cuda(), x.cuda()
    calls = calls_of(program, network, x)
    times = milliseconds(calls)
    graphs = {name: captured(call) for name, call in calls.items() if "checked" not in name}
    replays = milliseconds(graphs)
    table = ["| call | ms | over floats | in a graph | over floats |", "|---|---|---|---|---|"]
    for name, each in times.items():
        row = f"| {name} | {each:.2f} | {each / times['floats']:.2f} |"
        graph = replays.get(name)
        ends = " |  |" if graph is None else f" {graph:.2f} | {graph / replays['floats']:.2f} |"
        table.append(row + ends)
    about = (
        f"{where()}: Spiking ResNet-18 in 8-bit integers, {chosen.size} x {chosen.size}, "
        f"T = {STEPS}, batch {chosen.batch}, samples and results on the GPU, beside the same "
        "network in floats (float32, TF32 as torch has it); from `PYTHONPATH=. python "
        f"benchmarks/gpu/engine.py --write`. Medians of {ROUNDS} in turns, after one sample was "
        f"golden's and all were the processor's on every bit: {equal}."
    )
    report("The fast engine on a GPU", about, table)


if __name__ == "__main__":
    main()
