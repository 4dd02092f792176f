"""A hundred million weights, and ten million neurons: export, reading, check and placement.

Time and memory by target, each in a process of its own. Memory is the largest growth of the
resident set beyond the loaded network, libraries included; "weights" are the network's as torch
stores them, four bytes each. Targets are named as arguments; without any, ONNX is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from _common import SCRATCH
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.flow import pipeline
from neurodeploy.target import on_chip, target
from snncore import layer

FORMATS = {"loihi": "loihi", "lynxi": "lynxi"}
# The side of the picture, and the number of dense layers.
SIZES = {"small": (192, 1), "whole": (512, 7)}
WIDE = 4_000
_STATUS = Path("/proc/self/status")


def main() -> None:
    """Print a line for every target and size."""
    for name in sys.argv[1:] or ("onnx",):
        for size in SIZES:
            words = [sys.executable, __file__, "--one", name, size]
            subprocess.run(words, check=False)


def measure(name: str, size: str) -> None:
    """Print what one target's export costs, step by step."""
    network, example = build(FORMATS.get(name, "int8"), *SIZES[size])
    weights = sum(each.numel() for each in network.parameters())
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    seconds: dict[str, float] = {}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        seconds[step] = round(time.perf_counter() - started, 1)
        return result

    program = timed("lower", lambda: nd.lower(network, example=example, target=name))
    neurons = count(program)
    timed("check", lambda: pipeline.check(program, name))
    artifact = timed(
        "export", lambda: pipeline.compiled(program, target=name).write(SCRATCH / f"large-{name}")
    )
    timed("read", lambda: nd.read(artifact.path))
    placed = timed("place", lambda: on_chip(target(name), program, (), None))
    grown = resident("VmHWM") - before
    chips = [f"{each.chip}: {len(each.cores):,} cores" for each in placed.placements]
    size_mb = sum(path.stat().st_size for path in Path(artifact.path).iterdir()) / 1e6
    print(
        f"{name}: {weights / 1e6:.0f} million weights, {neurons / 1e6:.1f} million neurons: "
        f"{json.dumps(seconds)} s, {size_mb:,.0f} MB of files, at most {grown / 1e6:,.0f} MB more: "
        f"{grown / 4 / weights:.1f} times the weights; {'; '.join(chips)}",
        flush=True,
    )


def count(program: Any) -> int:
    """Return the neurons of a program."""
    from neurodeploy.program import neurons_in

    return int(neurons_in(program))


def build(form: str, side: int, deep: int) -> tuple[nn.Module, torch.Tensor]:
    """Return a convolution of many neurons before layers of many weights."""
    torch.manual_seed(0)

    def block(synapse: nn.Module) -> nn.Module:
        neurons = quant.CubaLIF if form == "loihi" else quant.LIF
        with torch.no_grad():
            synapse.weight.uniform_(-60, 60).mul_(synapse.unit)
        return quant.Block(synapse, neurons(format=form))

    grouped = {"stride": 8, "groups": 40, "format": form}
    last = 40 * (side // 64) ** 2
    widths = (last, *[WIDE] * deep)
    network = nn.Sequential(
        block(quant.Conv2d(2, 40, 3, padding=1, format=form)),
        block(quant.Conv2d(40, 40, 8, **grouped)),
        block(quant.Conv2d(40, 40, 8, **grouped)),
        layer.Flatten(),
        *(block(quant.Linear(one, other, format=form)) for one, other in pairwise(widths)),
    )
    return network, torch.zeros(1, 1, 2, side, side)


def resident(key: str) -> int:
    """Return Linux's figure for this process's memory, in bytes."""
    lines = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024


if __name__ == "__main__":
    measure(*sys.argv[2:]) if sys.argv[1:2] == ["--one"] else main()
