"""The simulators: integers read a second time, reduced modules, and the vendor's own files."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, SamplesError, SimulatorScopeError
from neurodeploy.program import Program
from neurodeploy.simulator import run_golden
from neurodeploy.target import BuiltIn, Simulation
from neurodeploy.trace import LayerTrace, Trace
from targets.lynxi.package.document import DOCUMENT
from targets.lynxi.package.golden import worst_cases
from targets.lynxi.read import document_in, plan_in
from targets.lynxi.reduced.plan import NetworkPlan, plan_of
from targets.lynxi.simulators.interpreter import Interpreter
from targets.lynxi.simulators.vendor_files import (
    VendorFile,
    driven_apart,
    driven_by_samples,
    expected_apart,
    run_files,
    whole,
)

INTERPRETER = BuiltIn("interpreter", "network.json and weights.bin in integers")
FLOAT16 = BuiltIn("float16", "the reduced modules in torch")


def run_interpreter(artifact: Artifact, samples: NDArray[Any]) -> Trace:
    """Return the trace of samples (T, N, ...) from the files alone.

    Raises:
        ArtifactError: if they cannot be computed.
    """
    document = document_in(artifact)
    try:
        layers = Interpreter(document, artifact.files).run(samples)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{DOCUMENT}: describes no network that runs: {error!r}") from error
    traces = {name: LayerTrace(values) for name, values in layers.items()}
    return Trace(traces, document["output"])


def run_float16(artifact: Artifact, samples: NDArray[Any]) -> Trace:
    """Return the reduced modules' trace of the samples (T, N, ...).

    Raises:
        SamplesError: if a sample is not a float16 that the package was certified for.
    """
    plan, _ = plan_in(artifact)
    _require_range(plan, samples)
    return _traced(plan, samples)


def run_vendor_file(
    vendor_file: VendorFile, artifact: Artifact, samples: NDArray[Any], simulation: Simulation
) -> Trace:
    """Return the trace of samples (T, N, ...) from a file for the vendor's compiler.

    Raises:
        SamplesError: if the file takes another number of steps, or other values.
        SimulatorError: if it cannot be run; names the file.
    """
    plan, steps = plan_in(artifact)
    if vendor_file.form == "apart":
        raise SimulatorScopeError(
            f"{vendor_file.file} holds every layer alone, and takes no samples",
            remedy=f"verify --simulator {vendor_file.simulator} runs each layer's worst case",
        )
    if vendor_file.form == "unrolled" and len(samples) != steps:
        raise SamplesError(
            f"samples have {len(samples)} steps, and {vendor_file.file} has {steps}",
            remedy=f"export with --option steps={len(samples)}, or run the form of one step",
        )
    _require_range(plan, samples)
    run = driven_by_samples(vendor_file, artifact, plan, steps, samples)
    (trace,) = run_files([run], simulation)
    return trace


def compared_run(
    vendor_file: VendorFile,
    artifact: Artifact,
    program: Program,
    samples: NDArray[Any],
    golden: Trace,
    simulation: Simulation,
) -> tuple[Trace, Trace]:
    """Return the golden trace and a file's trace, of a run that the file can make.

    The unrolled form runs as many steps as it has: the first ones of the samples, which start
    over if there are fewer. Layers apart run their worst cases.

    Raises:
        SamplesError: if a sample is not a float16 that the program was certified for.
        SimulatorError: if the file cannot be run; names the file.
    """
    plan = plan_of(program)
    if vendor_file.form == "apart":
        cases = worst_cases(plan)
        run = driven_apart(vendor_file, artifact, plan, cases)
        expected = expected_apart(plan, cases)
    else:
        _require_range(plan, samples)
        steps = document_in(artifact)["reduced"]["steps"]
        shown, expected = samples, golden
        if vendor_file.form == "unrolled" and len(samples) != steps:
            shown = samples[np.arange(steps) % len(samples)]
            expected = _first(golden, steps) if steps < len(samples) else run_golden(program, shown)
        run = driven_by_samples(vendor_file, artifact, plan, steps, shown)
    (trace,) = run_files([run], simulation)
    return expected, trace


def _first(trace: Trace, steps: int) -> Trace:
    layers = {
        name: LayerTrace({key: value[:steps] for key, value in trace[name].values.items()})
        for name in trace
    }
    return Trace(layers, trace.output_layer)


def _require_range(plan: NetworkPlan, samples: NDArray[Any]) -> None:
    low, high = plan.input_range.low, plan.input_range.high
    if samples.size and not low <= samples.min() <= samples.max() <= high:
        raise SamplesError(
            f"samples go from {samples.min()} to {samples.max()}, and the reduced modules take "
            f"{low} to {high}"
        )


def _traced(plan: NetworkPlan, samples: NDArray[Any]) -> Trace:
    # torch is imported only if the modules run.
    from targets.lynxi.vendor.modules import run_unrolled

    steps, count = samples.shape[:2]
    rows = np.ascontiguousarray(samples, dtype=np.float16).reshape(-1, *samples.shape[2:])
    layers = run_unrolled(plan, rows, steps)
    traces = {}
    for name, layer in layers.items():
        values = {"s": layer.spikes.reshape(steps, count, *plan.by_name[name].shape)}
        for key in layer.states[0]:
            values[key] = np.stack([states[key] for states in layer.states])
        traces[name] = LayerTrace({key: whole(value) for key, value in values.items()})
    return Trace(traces, plan.program.output)
