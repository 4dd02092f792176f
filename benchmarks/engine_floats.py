"""The fast engine against the network in floats: Spiking ResNet-18 on spikes, T = 4, one sample.

Correctness first: the engine gives the golden interpreter's spikes. Then both run in turn in one
process; and each runs once in processes of its own, whose kernels were compiled before.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from _common import SCRATCH
from _table import compared
from torch import Tensor, nn
from zoo_models import lively

import neurodeploy as nd
import quant
from neurodeploy.program import Program
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.fast import run_fast
from snncore import functional, models

STEPS = 4
# The size of the images, and the threads that compute them.
CASES = ((64, 1), (224, 2))
FOLDER = SCRATCH / "engine"


def prepare(size: int) -> tuple[nn.Module, Program, Tensor]:
    """Return the network, its program and its samples; write them for other processes."""
    torch.manual_seed(0)
    samples = (torch.rand(STEPS, 1, 3, size, size) < 0.3).float()
    network = lively(models.spiking_resnet18, samples)
    prepared = quant.prepare(network, target="onnx", example=samples).eval()
    program = nd.lower(prepared, example=samples, target="onnx")
    FOLDER.mkdir(parents=True, exist_ok=True)
    nd.save(network, FOLDER / f"{size}.pt")
    np.save(FOLDER / f"{size}.npy", samples.numpy())
    (FOLDER / f"{size}.json").write_text(program.dumps(), "utf-8")
    return network, program, samples


def require_equal(program: Program, samples: Tensor) -> None:
    """Stop unless the engine gives the golden interpreter's spikes, and there are some."""
    integers = samples.numpy().astype(np.int64)
    golden, fast = run_golden(program, integers), run_fast(program, integers, compiled=True)
    for name in golden:
        for key, values in golden[name].values.items():
            if not (values == fast[name].values[key]).all():
                raise SystemExit(f"{name}.{key}: the engine is not golden")
    if not golden.spikes():
        raise SystemExit("no neuron fired")


def floats(network: nn.Module, samples: Tensor) -> Callable[[], object]:
    """Return a call of the network in floats."""

    @torch.no_grad()
    def call() -> object:
        functional.reset(network)
        return network(samples)

    return call


def engine(program: Program, samples: Tensor) -> Callable[[], object]:
    """Return a call of the fast engine, which shows spikes alone."""
    integers = samples.numpy().astype(np.int64)
    return lambda: run_fast(program, integers, states=False)


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of a call: on the clock, and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - clock, time.process_time() - processor


def show(words: str, ours: list[tuple[float, float]], theirs: list[tuple[float, float]]) -> None:
    """Print the fastest and the median times of both, and their ratio."""
    fastest = [min(each[1] * 1e3 for each in times) for times in (ours, theirs)]
    compared(f"Spiking ResNet-18, {words}", fastest[0], {"the network in floats": fastest[1]})
    for index, kind in enumerate(("clock", "processor")):
        mine, other = ([each[index] * 1e3 for each in times] for times in (ours, theirs))
        ratios = [choose(mine) / choose(other) for choose in (min, median)]
        print(
            f"{words}, {kind}: engine {min(mine):.1f} ms (median {median(mine):.1f}), "
            f"floats {min(other):.1f} ms ({median(other):.1f}): "
            f"ratio {ratios[0]:.2f} ({ratios[1]:.2f})",
            flush=True,
        )


def first_call(size: int, threads: int, name: str) -> tuple[float, float]:
    """Return the time of a first call in a fresh process."""
    command = [sys.executable, __file__, "--first", name, str(size), str(threads)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    clock, processor = map(float, result.stdout.split()[-2:])
    return clock, processor


def run_first(name: str, size: int, threads: int) -> None:
    """Print the time of this process's first call."""
    torch.set_num_threads(threads)
    samples = torch.from_numpy(np.load(FOLDER / f"{size}.npy"))
    if name == "floats":
        call = floats(nd.load(FOLDER / f"{size}.pt").eval(), samples)
    else:
        text = Path(FOLDER / f"{size}.json").read_text("utf-8")
        call = engine(Program.loads(text), samples)
    print(*timed(call))


def main() -> None:
    """Measure all cases, or one first call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--first", nargs=3, metavar=("WHICH", "SIZE", "THREADS"))
    chosen = parser.parse_args()
    if chosen.first:
        run_first(chosen.first[0], *map(int, chosen.first[1:]))
        return
    for size, threads in CASES:
        torch.set_num_threads(threads)
        network, program, samples = prepare(size)
        require_equal(program, samples)
        calls = (engine(program, samples), floats(network, samples))
        for call in calls:
            call()
        times = [[timed(call) for call in calls] for _ in range(chosen.rounds)]
        words = f"{size} x {size}, threads: {threads}"
        show(f"{words}, warm", *map(list, zip(*times, strict=True)))
        firsts = [
            [first_call(size, threads, name) for name in ("engine", "floats")] for _ in range(5)
        ]
        show(f"{words}, first call", *map(list, zip(*firsts, strict=True)))


if __name__ == "__main__":
    main()
