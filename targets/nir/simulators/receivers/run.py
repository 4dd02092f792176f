"""Runs of NIR files by the frameworks that read NIR, each by its own import of the file.

NIR leaves open how a step is computed, so a framework may read a file well and still send other
spikes: this is what the comparison with the golden trace shows. A refusal comes in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.errors import SimulatorScopeError
from neurodeploy.sandbox import (
    Call,
    Environment,
    Limits,
    WorkerResult,
    framework_environment,
    run_worker,
)
from neurodeploy.target import Simulation
from neurodeploy.trace import LayerTrace, Trace
from targets.nir.simulators.runs import FileRun, node_names

_WORKER = Path(__file__).with_name("worker.py")

# By their names, which the worker knows too.
RECEIVERS: Mapping[str, Environment] = {
    name: framework_environment(name, _WORKER, {"self_test": True, "framework": name})
    for name in ("snntorch", "spikingjelly", "norse", "sinabs")
}


def received(name: str, runs: Sequence[FileRun], simulation: Simulation) -> list[Trace | str]:
    """Return of each run the spikes that a framework computes, or its refusal in a line.

    Raises:
        SimulatorError: if the framework is missing or its process fails.
    """
    networks, arrays, size = [], dict[str, Any](), 0
    for index, run in enumerate(runs):
        arrays[f"network{index}"] = np.frombuffer(run.content, np.uint8)
        arrays[f"network{index}.samples"] = run.samples
        networks.append({"dt": run.dt, "layers": [*node_names(run.program).values()]})
        size += len(run.content) + run.samples.size
    limits = simulation.limits or Limits(300 + size * 1e-4, 6144)
    call = Call({"framework": name, "networks": networks}, arrays, limits)
    result = run_worker(
        RECEIVERS[name], call.job, call.arrays, call.limits, progress=simulation.progress
    )
    return [_trace(run, result, index) for index, run in enumerate(runs)]


def received_trace(name: str, run: FileRun, simulation: Simulation) -> Trace:
    """Return the spikes that a framework computes from a file.

    Raises:
        SimulatorScopeError: if it refuses the file, or cannot run it; has its own words.
        SimulatorError: if the framework is missing or its process fails.
    """
    (answer,) = received(name, [run], simulation)
    if isinstance(answer, str):
        raise SimulatorScopeError(
            f"{RECEIVERS[name].title}, {answer}",
            remedy="docs/nir.md says what each framework takes",
        )
    return answer


def _trace(run: FileRun, result: WorkerResult, index: int) -> Trace | str:
    refusals: Any = result.result["refusals"]
    refusal = str(refusals[index])
    if refusal:
        return refusal
    layers = {}
    for position, node in enumerate(run.program.layers):
        sent = result.arrays[f"network{index}.layer{position}"].astype(np.float64)
        power = -node.readout.exponent if node.graded else 0
        layers[node.name] = LayerTrace({"s": np.ldexp(sent, power)}, not node.graded)
    return Trace(layers, run.program.output, run.program.readout)
