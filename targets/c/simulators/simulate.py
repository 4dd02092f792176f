"""Runs of a folder of C: its own text, compiled by a judge together with a harness."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import SimulatorMissingError
from neurodeploy.sandbox import Call, Environment, Limits, WorkerResult, run_in_own_python, run_many
from neurodeploy.target import BuiltIn, Simulation
from neurodeploy.trace import Trace
from targets.c.compile import HEADER, SOURCE
from targets.c.simulators.harness import harness, step_bytes, trace_of
from targets.c.text.network import Network

_WORKER = Path(__file__).with_name("worker.py")
_COMPILERS = ("gcc", "clang", "cc")


@dataclass(frozen=True)
class Judge:
    """A compiler, and what its programs run on."""

    toolchain: str
    description: Environment | BuiltIn


@dataclass(frozen=True)
class Run:
    """A network, the text of its two files, and samples (T, N, ...) in its integers."""

    network: Network
    texts: Mapping[str, str]
    samples: NDArray[Any]


_HOST = "this machine's C compiler, with address and undefined-behaviour checks"
# One installation compiles for every processor, and emulates those of microcontrollers.
ZIG = Environment(
    name="zig",
    title="zig 0.17.1 as a C compiler, and Unicorn 2.1.4 as processors",
    python="3.11",
    worker=_WORKER,
    self_test={"self_test": True},
    requirements=("ziglang==0.17.1", "unicorn==2.1.4", "numpy==2.4.6"),
    download_mb=140,
    disk_mb=560,
    other_pythons=("3.12", "3.13", "3.14"),
    hashes=Path(__file__).with_name("requirements") / "zig.txt",
)
JUDGES: Mapping[str, Judge] = {
    "host": Judge("host", BuiltIn("host", _HOST)),
    **{name: Judge(name, ZIG) for name in ("zig", "cortex-m4", "riscv32")},
}


def host_compiler() -> str | None:
    """Return the path of this machine's C compiler."""
    return next(filter(None, map(shutil.which, _COMPILERS)), None)


def _require_compiler() -> str:
    path = host_compiler()
    if path is None:
        raise SimulatorMissingError(
            "no C compiler is installed here",
            remedy="install gcc or clang, or verify with --simulator zig, which "
            "`neurodeploy simulators install zig` brings",
        )
    return path


def run(
    judge: Judge,
    artifact: Artifact,
    network: Network,
    samples: NDArray[Any],
    simulation: Simulation,
) -> Trace:
    """Return the trace of samples (T, N, ...) from an artifact's own text.

    Raises:
        SimulatorError: if a compiler or an emulator is missing, or fails.
    """
    texts = {name: bytes(artifact.files[name]).decode("ascii") for name in (HEADER, SOURCE)}
    (trace,) = run_texts(judge, [Run(network, texts, samples)], simulation)
    return trace


def run_texts(judge: Judge, runs: Sequence[Run], simulation: Simulation) -> list[Trace]:
    """Return the trace of every run, in one process.

    Raises:
        SimulatorError: if a compiler or an emulator is missing, or fails.
    """
    return [trace for trace, _ in measured(judge, runs, simulation)]


def measured(
    judge: Judge, runs: Sequence[Run], simulation: Simulation
) -> list[tuple[Trace, Mapping[str, int]]]:
    """Return the trace of every run, and what an emulated processor measured of it.

    Raises:
        SimulatorError: if a compiler or an emulator is missing, or fails.
    """
    result = _asked(judge, _call(judge, runs, simulation.limits), simulation)
    numbers: Any = result.result["measured"]
    traces = []
    for index, each in enumerate(runs):
        content = result.arrays[f"network{index}"].tobytes()
        traces.append((trace_of(each.network, content, *each.samples.shape[:2]), numbers[index]))
    return traces


def _asked(judge: Judge, call: Call, simulation: Simulation) -> WorkerResult:
    description, progress = judge.description, simulation.progress
    if isinstance(description, BuiltIn):
        return run_in_own_python(description.title, _WORKER, call, progress=progress)
    (result,) = run_many(description, [call], progress=progress)
    return result


def _call(judge: Judge, runs: Sequence[Run], limits: Limits | None) -> Call:
    networks, arrays, size = [], {}, 0
    for index, each in enumerate(runs):
        steps, samples = each.samples.shape[:2]
        files = {**each.texts, "harness.c": harness(each.network)}
        values = steps * samples * step_bytes(each.network)
        networks.append({"files": files, "counts": [steps, samples, values]})
        # A run goes through one sample after another.
        rows = each.samples.reshape(steps, samples, -1).swapaxes(0, 1)
        arrays[f"samples{index}"] = np.ascontiguousarray(rows, dtype=np.int32)
        size += each.samples.size + values
    job: dict[str, Any] = {"toolchain": judge.toolchain, "networks": networks}
    if judge.toolchain == "host":
        job |= {"compiler": _require_compiler()}
    return Call(job, arrays, limits or Limits(300 + size * 1e-4, 4096 + size * 1e-4))
