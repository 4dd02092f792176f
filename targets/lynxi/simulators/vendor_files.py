"""The files that the vendor's compiler loads, run as they are: in torch, and in onnxruntime.

A file of the unrolled form has a fixed number of steps and one of layers apart has no time at all,
so a `Drive` says what is run; a file of one step takes the samples unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Synapse
from neurodeploy.sandbox import (
    Call,
    Environment,
    Limits,
    WorkerResult,
    onnxruntime_environment,
    run_in_own_python,
    run_many,
)
from neurodeploy.target import BuiltIn, Simulation
from neurodeploy.trace import LayerTrace, Trace
from targets.lynxi.package.golden import WorstCase
from targets.lynxi.reduced.branch import branches_of
from targets.lynxi.reduced.plan import NetworkPlan
from targets.lynxi.reduced.ports import INPUT, labels_of, reduced_forms, state_label

_WORKER = Path(__file__).with_name("worker.py")
ONNXRUNTIME = onnxruntime_environment(_WORKER, {"self_test": True})
_TORCH = "torch in a process of its own"

Values = NDArray[Any]


@dataclass(frozen=True)
class VendorFile:
    """One file for the vendor's compiler, its form, and its engine."""

    simulator: str
    file: str
    form: str

    @property
    def in_torch(self) -> bool:
        """Whether it is TorchScript."""
        return self.file.endswith(".pt")

    def description(self) -> Environment | BuiltIn:
        """Return what runs it, as a target lists its simulators."""
        return BuiltIn(self.simulator, f"{self.file} in {_TORCH}") if self.in_torch else ONNXRUNTIME


VENDOR_FILES = {
    each.simulator: each
    for each in (
        VendorFile("torchscript-unrolled", "unrolled.pt", "unrolled"),
        VendorFile("torchscript-step", "step.pt", "step"),
        VendorFile("onnx-unrolled", "unrolled.onnx", "unrolled"),
        VendorFile("onnx-step", "step.onnx", "step"),
        VendorFile("onnx-apart", "apart.onnx", "apart"),
    )
}


@dataclass(frozen=True, eq=False)
class FileRun:
    """One file of a package and its inputs: (samples, calls, ...) for each."""

    vendor_file: VendorFile
    content: bytes
    plan: NetworkPlan
    # The steps of the unrolled form.
    steps: int
    inputs: Mapping[str, Values]

    @property
    def form(self) -> dict[str, Any]:
        """The inputs and outputs of the form."""
        form: dict[str, Any] = reduced_forms(self.plan, self.steps)[self.vendor_file.form]
        return form

    @property
    def size(self) -> int:
        """The approximate amount of computation: products of weights and inputs, and values."""
        calls: int = sum(value.shape[0] * value.shape[1] for value in self.inputs.values())
        weights = sum(
            int(node.narrow_weight[0].size) * prod(self.plan.by_name[node.name].shape)
            for node in self.plan.program.synapses
        )
        steps = self.steps if self.vendor_file.form == "unrolled" else 1
        return calls * steps * weights


def driven_by_samples(
    vendor_file: VendorFile, artifact: Artifact, plan: NetworkPlan, steps: int, samples: Values
) -> FileRun:
    """Return the run of a file of a whole network over samples (T, N, ...)."""
    first = np.moveaxis(samples, 1, 0)
    is_unrolled = vendor_file.form == "unrolled"
    rows = first[:, None] if is_unrolled else first[:, :, None]
    return FileRun(vendor_file, _content(artifact, vendor_file), plan, steps, {INPUT: rows})


def driven_apart(
    vendor_file: VendorFile, artifact: Artifact, plan: NetworkPlan, cases: Sequence[WorstCase]
) -> FileRun:
    """Return the run of the file of layers apart over each layer's worst case."""
    labels = labels_of(plan)
    inputs = {labels[name]: value for case in cases for name, value in case.inputs.items()}
    rows = {name: value[:, None, None] for name, value in inputs.items()}
    return FileRun(vendor_file, _content(artifact, vendor_file), plan, 1, rows)


def run_files(runs: Sequence[FileRun], simulation: Simulation) -> list[Trace]:
    """Return each run's trace: spikes, and states or sums if the file outputs them.

    All runs use one engine, and share a process.

    Raises:
        SimulatorError: if the simulator is missing, or a file cannot be run; names the file.
    """
    call = _call(runs, simulation.limits)
    if runs[0].vendor_file.in_torch:
        files = " and ".join(sorted({run.vendor_file.file for run in runs}))
        progress = simulation.progress
        result = run_in_own_python(f"{files} in torch", _WORKER, call, progress=progress)
    else:
        (result,) = run_many(ONNXRUNTIME, [call], progress=simulation.progress)
    return [_trace(run, index, result) for index, run in enumerate(runs)]


def expected_apart(plan: NetworkPlan, cases: Sequence[WorstCase]) -> Trace:
    """Return the golden interpreter's trace of each layer's worst case."""
    sums = {name: value for case in cases for name, value in case.sums.items()}
    spikes = {case.layer: case.result["s"] for case in cases}
    return _apart(plan, {name: value[None] for name, value in sums.items()}, spikes)


def whole(values: Values) -> Values:
    """Return values as integers if they are whole; others stay as they are, and differ."""
    wide = values.astype(np.float64)
    return wide.astype(np.int64) if (wide == np.rint(wide)).all() else wide


def _content(artifact: Artifact, vendor_file: VendorFile) -> bytes:
    if vendor_file.file not in artifact.files:
        raise ArtifactError(
            f"{artifact.path or 'the package'}: has no {vendor_file.file}",
            remedy="export the model again",
        )
    return artifact.files[vendor_file.file]


def _call(runs: Sequence[FileRun], limits: Limits | None) -> Call:
    entries, arrays, content, size = [], dict[str, Values](), 0, 0
    for index, run in enumerate(runs):
        form, states = run.form, _states(run)
        entries.append(
            {
                "file": run.vendor_file.file,
                "inputs": form["inputs"],
                "outputs": form["outputs"],
                "states": states,
            }
        )
        arrays[f"file{index}"] = np.frombuffer(run.content, np.uint8)
        ports = [port for port in form["inputs"] if port["name"] not in states]
        for number, port in enumerate(ports):
            arrays[f"input{index}.{number}"] = run.inputs[port["name"]].astype(port["dtype"])
        content, size = content + len(run.content), size + run.size
    total = sum(array.nbytes for array in arrays.values())
    # Limits that only a file which hangs or runs away can reach.
    allowed = limits or Limits(300 + content * 1e-4 + size * 1e-7, 4096 + total * 1e-4)
    engine = "torch" if runs[0].vendor_file.in_torch else "onnxruntime"
    return Call(
        {"engine": engine, "memory_mb": allowed.memory_mb, "files": entries}, arrays, allowed
    )


def _states(run: FileRun) -> dict[str, int]:
    """Return, for each input state, the index of the output that is its next value."""
    if run.vendor_file.form != "step":
        return {}
    labels, layers = labels_of(run.plan), run.plan.layers
    names = [state_label(labels, part, key) for part in layers for key in part.states]
    return {name: len(layers) + position for position, name in enumerate(names)}


def _trace(run: FileRun, index: int, result: WorkerResult) -> Trace:
    plan, form = run.plan, run.vendor_file.form
    count = len(run.form["outputs"])
    outputs = [result.arrays[f"output{index}.{number}"] for number in range(count)]
    if form == "apart":
        # (2, 1, ...) by sums and layers, where a layer's steps are the axis after these.
        named = list(dict.fromkeys(b.name for part in plan.layers for b in branches_of(plan, part)))
        sums = {name: np.moveaxis(v[:, 0], 1, 0) for name, v in zip(named, outputs, strict=False)}
        fired = [np.moveaxis(value[:, 0], 1, 0) for value in outputs[len(named) :]]
        spikes = {part.name: value for part, value in zip(plan.layers, fired, strict=True)}
        return _apart(plan, sums, spikes)
    rows = [np.moveaxis(v[:, 0] if form == "unrolled" else v[:, :, 0], 1, 0) for v in outputs]
    layers = {part.name: {"s": value} for part, value in zip(plan.layers, rows, strict=False)}
    if form == "step":
        states = ((part.name, key) for part in plan.layers for key in part.states)
        for (name, key), value in zip(states, rows[len(plan.layers) :], strict=True):
            layers[name][key] = value
    return _of(layers, plan)


def _apart(plan: NetworkPlan, sums: Mapping[str, Values], spikes: Mapping[str, Values]) -> Trace:
    """Return sums and spikes in the order in which the network computes them."""
    layers: dict[str, dict[str, Values]] = {}
    for part in plan.parts:
        if part.name in sums:
            # Values that reach neurons without weights are the input of these neurons.
            weighted = isinstance(part.node, Synapse)
            layers[part.name if weighted else f"{part.name}, as read"] = {"sum": sums[part.name]}
        if part.name in spikes:
            layers[part.name] = {"s": spikes[part.name]}
    return _of(layers, plan)


def _of(layers: Mapping[str, Mapping[str, Values]], plan: NetworkPlan) -> Trace:
    traces = {
        name: LayerTrace({key: whole(value) for key, value in values.items()})
        for name, values in layers.items()
    }
    return Trace(traces, plan.program.output)
