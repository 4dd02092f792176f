"""Runs of a folder of Verilog: its own files, read by a judge together with a bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import SimulatorError
from neurodeploy.sandbox import Call, Environment, Extra, Limits, SystemPrograms, run_many
from neurodeploy.target import Simulation
from neurodeploy.trace import Trace
from targets.rtl.compile import judged_files
from targets.rtl.simulators.harness import SAMPLES, bench, samples_text, trace_of
from targets.rtl.text.network import Network

ICARUS = Environment(
    name="icarus",
    title="Icarus Verilog",
    python="3.11",
    worker=Path(__file__).with_name("icarus.py"),
    self_test={"self_test": True},
    download_mb=2,
    disk_mb=25,
    other_pythons=("3.10", "3.12", "3.13", "3.14"),
    system=SystemPrograms(("iverilog", "vvp"), ("iverilog",)),
)
VERILATOR = Environment(
    name="verilator",
    title="Verilator",
    python="3.11",
    worker=Path(__file__).with_name("verilator.py"),
    self_test={"self_test": True},
    download_mb=6,
    disk_mb=45,
    # Without a C++ compiler of the system, zig is one.
    full=Extra(("ziglang==0.17.1",), 100, 420),
    other_pythons=("3.10", "3.12", "3.13", "3.14"),
    system=SystemPrograms(("verilator_bin",), ("verilator",)),
)
JUDGES: Mapping[str, Environment] = {"icarus": ICARUS, "verilator": VERILATOR}
# Seconds and megabytes for a value of a step, beside what every run takes.
_COST = 1e-3


@dataclass(frozen=True)
class Run:
    """A network, the text of its files, and samples (T, N, ...) in its integers."""

    network: Network
    texts: Mapping[str, str]
    samples: NDArray[Any]


def run(
    judge: Environment,
    artifact: Artifact,
    network: Network,
    samples: NDArray[Any],
    simulation: Simulation,
) -> Trace:
    """Return the trace of samples (T, N, ...) from an artifact's own text.

    Raises:
        SimulatorError: if the simulator is missing, or fails.
    """
    (trace,) = run_texts(judge, [Run(network, texts_in(artifact), samples)], simulation)
    return trace


def texts_in(artifact: Artifact) -> dict[str, str]:
    """Return the text of an artifact's files."""
    return {name: bytes(artifact.files[name]).decode("ascii") for name in artifact.files}


def run_texts(judge: Environment, runs: Sequence[Run], simulation: Simulation) -> list[Trace]:
    """Return the trace of every run, in one process.

    Raises:
        SimulatorError: if the simulator is missing, or fails.
    """
    return [
        trace_of(each.network, text, *each.samples.shape[:2])
        for each, text in zip(runs, written_values(judge, runs, simulation), strict=True)
    ]


def written_values(judge: Environment, runs: Sequence[Run], simulation: Simulation) -> list[str]:
    """Return what the bench of every run writes, in one process.

    Raises:
        SimulatorError: if the simulator is missing, or fails.
    """
    networks, size = [], 0
    for each in runs:
        samples = np.asarray(each.samples, np.int64)
        files = {"nd_bench.v": bench(each.network), SAMPLES: samples_text(each.network, samples)}
        networks.append({**judged_files(each.texts), **files})
        size += samples.size + sum(map(len, each.texts.values()))
    limits = simulation.limits or Limits(300 + size * _COST, 4096)
    call = Call({"networks": networks}, {}, limits)
    (result,) = run_many(judge, [call], progress=simulation.progress)
    values = result.result.get("values")
    if not isinstance(values, list) or len(values) != len(runs):
        raise SimulatorError(f"{judge.title}: it gave no values", remedy="see its output")
    return [str(text) for text in values]
