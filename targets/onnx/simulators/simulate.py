"""Runs of ONNX files in onnxruntime, and in the evaluator of the ONNX standard itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import SamplesError
from neurodeploy.sandbox import (
    Call,
    Environment,
    Limits,
    WorkerResult,
    onnxruntime_environment,
    run_many,
)
from neurodeploy.target import Simulation
from neurodeploy.trace import LayerTrace, Trace
from targets.onnx.forms.forms import GraphForm
from targets.onnx.read import Opened
from targets.onnx.writing.types import Type, onnx_module

_WORKER = Path(__file__).with_name("worker.py")
_REQUIREMENTS = Path(__file__).with_name("requirements")

ONNXRUNTIME = onnxruntime_environment(_WORKER, {"engine": "onnxruntime", "self_test": True})
REFERENCE = Environment(
    name="reference",
    title="the reference evaluator of onnx 1.23.2",
    python="3.11",
    worker=_WORKER,
    self_test={"engine": "reference", "self_test": True},
    requirements=("onnx==1.23.2",),
    download_mb=40,
    disk_mb=130,
    other_pythons=("3.12", "3.13", "3.14"),
    hashes=_REQUIREMENTS / "reference.txt",
)


@dataclass(frozen=True)
class FileRun:
    """One opened file and samples (T, N, ...) for it.

    Raises:
        SamplesError: if an unrolled graph has another number of steps.
    """

    opened: Opened
    samples: NDArray[Any]
    # Whether the runtime may rewrite the graph before it runs it.
    optimized: bool = True

    def __post_init__(self) -> None:
        choices, steps = self.opened.choices, len(self.samples)
        if choices.form == GraphForm.UNROLLED and steps != choices.steps:
            raise SamplesError(
                f"samples have {steps} steps, and the graph {choices.steps}",
                remedy=f"export with --option steps={steps}, or as a scan",
            )


def run_files(
    runs: Sequence[FileRun], environment: Environment, simulation: Simulation
) -> list[Trace]:
    """Return each run's trace: every layer's spikes, and states if the file has them.

    Raises:
        SimulatorError: if the simulator is missing or fails.
    """
    shares = [share for share in _shares(runs, max(1, simulation.jobs)) if share]
    calls = [_call(share, environment, simulation.limits) for share in shares]
    results = run_many(environment, calls, jobs=len(calls), progress=simulation.progress)
    traces = []
    for share, result in zip(shares, results, strict=True):
        for index, run in enumerate(share):
            traces.append(_trace(run, index, result))
    return traces


def _shares(runs: Sequence[FileRun], count: int) -> list[Sequence[FileRun]]:
    """Return the runs in order, split for `count` workers."""
    size = -(-len(runs) // count)
    return [runs[start : start + size] for start in range(0, len(runs), size)]


def _trace(run: FileRun, index: int, result: WorkerResult) -> Trace:
    layers: dict[str, dict[str, NDArray[Any]]] = {}
    for number, (layer, state) in enumerate(run.opened.written.shown):
        layers.setdefault(layer, {})[state] = result.arrays[f"network{index}.{number}"]
    named = {name: LayerTrace(layers[name]) for name in layers}
    return Trace(named, run.opened.network.output)


def _call(runs: Sequence[FileRun], environment: Environment, limits: Limits | None) -> Call:
    networks, arrays, size = [], {}, 0
    for index, run in enumerate(runs):
        opened, model = run.opened, showing(run.opened)
        declared = model.graph.input[0]
        networks.append(entry_of(opened) | {"optimized": run.optimized})
        content = model.SerializeToString(deterministic=True)
        arrays[f"model{index}"] = np.frombuffer(content, np.uint8)
        kind = Type(declared.type.tensor_type.elem_type).numpy
        arrays[f"samples{index}"] = run.samples.astype(kind)
        size += len(content) + run.samples.size
    job = {"engine": environment.name, "networks": networks}
    return Call(job, arrays, limits or _generous(size))


def entry_of(opened: Opened) -> dict[str, Any]:
    """Return what a job says about a file: its form, its states and what it shows."""
    shown = [[info.name for info in infos] for infos in opened.written.shown.values()]
    form, states = opened.choices.form.value, _states(opened)
    name = opened.written.model.graph.input[0].name
    return {"input": name, "form": form, "states": states, "shown": shown}


def showing(opened: Opened) -> Any:
    """Return the file with every layer's values as additional outputs."""
    model = onnx_module().ModelProto()
    model.ParseFromString(opened.content)
    names = {output.name for output in model.graph.output}
    for infos in opened.written.shown.values():
        for info in infos:
            if info.name not in names:
                model.graph.output.append(info)
                names.add(info.name)
    return model


def _states(opened: Opened) -> list[dict[str, Any]]:
    """Return the input, output, type and shape of each state outside a one-step graph."""
    if opened.choices.form != GraphForm.STEP:
        return []
    graph = opened.written.model.graph
    pairs = zip(graph.input[1:], graph.output[1:], strict=True)
    return [{"input": one.name, "output": other.name, **_form(one)} for one, other in pairs]


def _form(info: Any) -> dict[str, Any]:
    tensor = info.type.tensor_type
    # An axis without a length is the batch.
    shape = [axis.dim_value or 0 for axis in tensor.shape.dim]
    return {"type": Type(tensor.elem_type).numpy.str, "shape": shape}


def _generous(size: int) -> Limits:
    """Return limits that only a simulation which hangs, or runs away, can reach."""
    return Limits(300 + size * 1e-4, 4096 + size * 1e-3)
