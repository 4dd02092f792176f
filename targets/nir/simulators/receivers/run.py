"""Runs of NIR files by the frameworks that read NIR, each by its own import of the file.

NIR leaves open how a step is computed, so a framework may read a file well and still send other
spikes: this is what the comparison with the golden trace shows. A refusal comes in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import SimulatorScopeError
from neurodeploy.sandbox import Environment, Limits, framework_environment, run_worker
from neurodeploy.target import Simulation
from neurodeploy.trace import LayerTrace, Trace
from targets.nir.simulators.runs import FileRun, node_names

_WORKER = Path(__file__).with_name("worker.py")

# By their names, which the worker knows too.
RECEIVERS: Mapping[str, Environment] = {
    name: framework_environment(name, _WORKER, {"self_test": True, "framework": name})
    for name in ("snntorch", "spikingjelly", "norse", "sinabs", "rockpool")
}


@dataclass(frozen=True, eq=False)
class FrameworkRun:
    """A file for a framework, its nodes of neurons, and samples (T, N, ...)."""

    content: bytes
    dt: float
    samples: NDArray[Any]
    nodes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Shown:
    """The values that a framework's layer sends, and its voltages if it shows them."""

    sent: NDArray[Any]
    voltage: NDArray[Any] | None = None


def shown(
    environment: Environment, runs: Sequence[FrameworkRun], simulation: Simulation
) -> list[list[Shown] | str]:
    """Return of each run what a simulator's nodes show, or its refusal in a line.

    Raises:
        SimulatorError: if the simulator is missing or its process fails.
    """
    networks, arrays, size = [], dict[str, Any](), 0
    for index, run in enumerate(runs):
        arrays[f"network{index}"] = np.frombuffer(run.content, np.uint8)
        arrays[f"network{index}.samples"] = run.samples
        networks.append({"dt": run.dt, "layers": list(run.nodes)})
        size += len(run.content) + run.samples.size
    limits = simulation.limits or Limits(300 + size * 1e-4, 6144)
    job = {"framework": environment.name, "networks": networks}
    result = run_worker(environment, job, arrays, limits, progress=simulation.progress)
    refusals: Any = result.result["refusals"]
    return [
        str(refusals[index]) or [_shown(result.arrays, index, n) for n in range(len(run.nodes))]
        for index, run in enumerate(runs)
    ]


def _shown(arrays: Mapping[str, NDArray[Any]], index: int, layer: int) -> Shown:
    stem = f"network{index}.layer{layer}"
    return Shown(arrays[stem], arrays.get(f"{stem}.voltage"))


def answered(name: str, run: FrameworkRun, simulation: Simulation) -> list[NDArray[Any]]:
    """Return what a framework's neurons send.

    Raises:
        SimulatorScopeError: if it refuses the file, or cannot run it; has its own words.
        SimulatorError: if the framework is missing or its process fails.
    """
    return [layer.sent for layer in shown_or_refused(RECEIVERS[name], run, simulation)]


def shown_or_refused(
    environment: Environment, run: FrameworkRun, simulation: Simulation
) -> list[Shown]:
    """Return what a simulator's nodes show.

    Raises:
        SimulatorScopeError: if it refuses the file, or cannot run it; has its own words.
        SimulatorError: if the simulator is missing or its process fails.
    """
    (answer,) = shown(environment, [run], simulation)
    if isinstance(answer, str):
        raise SimulatorScopeError(
            f"{environment.title}, {answer}",
            remedy="docs/nir-receivers.md says what each framework takes",
        )
    return answer


def of_program(run: FileRun) -> FrameworkRun:
    """Return the run of a program's file in a framework."""
    nodes = tuple(node_names(run.program).values())
    return FrameworkRun(run.content, run.dt, run.samples, nodes)


def program_trace(run: FileRun, sent: Sequence[NDArray[Any]]) -> Trace:
    """Return what a program's layers send, in its integers."""
    layers = {}
    for node, values in zip(run.program.layers, sent, strict=True):
        power = -node.readout.exponent if node.graded else 0
        whole = np.ldexp(values.astype(np.float64), power)
        layers[node.name] = LayerTrace({"s": whole}, not node.graded)
    return Trace(layers, run.program.output, run.program.readout)
