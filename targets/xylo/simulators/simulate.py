"""Runs of specifications in xylosim, inside its sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Program
from neurodeploy.sandbox import Call, Environment, Limits, run_many
from neurodeploy.target import Simulation
from neurodeploy.trace import LayerTrace, Trace
from targets.xylo.chain import blocks
from targets.xylo.check import accepted
from targets.xylo.read import Specification

# It comes as source, which a C++ compiler builds; its licence allows no copy beside us.
XYLOSIM = Environment(
    name="xylosim",
    title="xylosim 0.1.3",
    python="3.11",
    other_pythons=("3.12", "3.13", "3.14"),
    worker=Path(__file__).with_name("worker.py"),
    self_test={"self_test": True},
    requirements=("numpy==2.4.6", "setuptools==84.2.1", "pybind11==3.0.1"),
    without_dependencies=("xylosim==0.1.3",),
    built=("xylosim",),
    download_mb=20,
    disk_mb=100,
    hashes=Path(__file__).with_name("requirements") / "xylosim.txt",
)


@dataclass(frozen=True)
class Run:
    """The chip's numbers, the program that they mean, and samples (T, N, channels) of it."""

    chip: Specification
    program: Program
    samples: NDArray[Any]


def run_xylosim(runs: Sequence[Run], simulation: Simulation | None = None) -> list[Trace]:
    """Return the trace of every run, in `jobs` processes.

    Raises:
        SimulatorError: if the simulator is missing or fails.
    """
    options = simulation or Simulation()
    shares = [runs[first :: options.jobs] for first in range(min(options.jobs, len(runs)))]
    calls = [_call(share, options.limits) for share in shares]
    results = run_many(XYLOSIM, calls, jobs=options.jobs, progress=options.progress)
    return [
        _trace(run, results[index % len(shares)].arrays, f"n{index // len(shares)}")
        for index, run in enumerate(runs)
    ]


def _call(runs: Sequence[Run], limits: Limits | None) -> Call:
    arrays: dict[str, NDArray[Any]] = {}
    names: list[str] = []
    seconds = 120.0
    for number, run in enumerate(runs):
        numbers = _numbers(run.chip)
        names = list(numbers)
        arrays |= {f"n{number}.{name}": value for name, value in numbers.items()}
        lag = len(run.program.layers) - 1
        steps, count = run.samples.shape[:2]
        # The outputs answer the last step when the layers before them have passed it on.
        padding = np.zeros((lag, *run.samples.shape[1:]), run.samples.dtype)
        arrays[f"n{number}.samples"] = np.concatenate([run.samples, padding]).astype(np.int64)
        seconds += (steps + lag) * count * (0.01 + run.chip.weights_rec.size * 1e-6)
    return Call({"networks": len(runs), "names": names}, arrays, limits or Limits(seconds, 8192.0))


def _numbers(chip: Specification) -> dict[str, NDArray[Any]]:
    """Return the specification's members as arrays."""
    weights = {f"weights_{kind}": getattr(chip, f"weights_{kind}") for kind in chip.shifts}
    shifts = {f"weight_shift_{kind}": np.array(shift) for kind, shift in chip.shifts.items()}
    return {**weights, **shifts, **chip.values}


def _trace(run: Run, arrays: dict[str, NDArray[Any]], stem: str) -> Trace:
    """Return a run's trace: each layer answers its input as many steps later as it lags."""
    layers, steps = accepted(run.program), run.samples.shape[0]
    traces = {}
    for lag, (first, layer) in enumerate(blocks(layers)):
        own = slice(first, first + layer.size)
        shown = {
            key: arrays[f"{stem}.hidden.{key}"][lag : lag + steps, :, own]
            for key in ("s", "u", "v")
        }
        traces[layer.neuron.name] = LayerTrace(shown)
    lag = len(layers) - 1
    traces[layers[-1].neuron.name] = LayerTrace(
        {key: arrays[f"{stem}.out.{key}"][lag : lag + steps] for key in ("s", "u", "v")}
    )
    return Trace(traces, run.program.output)
