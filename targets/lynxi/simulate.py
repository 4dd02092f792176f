"""The two simulators: a package's integers read a second time, and its reduced modules."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, SamplesError
from neurodeploy.target import BuiltIn
from neurodeploy.trace import LayerTrace, Trace
from targets.lynxi.interpreter import Network
from targets.lynxi.plan import Plan, plan_of
from targets.lynxi.read import DOCUMENT, document_in, read_artifact

INTERPRETER = BuiltIn("interpreter", "network.json and weights.bin in integers")
FLOAT16 = BuiltIn("float16", "the reduced modules in torch")


def run_interpreter(artifact: Artifact, samples: NDArray[Any]) -> Trace:
    """What the files alone say of the samples (T, N, ...).

    Raises:
        ArtifactError: if they say nothing that can be computed.
    """
    document = document_in(artifact)
    try:
        layers = Network(document, artifact.files).run(samples)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{DOCUMENT}: describes no network that runs: {error!r}") from error
    traces = {name: LayerTrace(values) for name, values in layers.items()}
    return Trace(traces, document["output"])


def run_float16(artifact: Artifact, samples: NDArray[Any]) -> Trace:
    """What the reduced modules make of the samples (T, N, ...).

    Raises:
        SamplesError: if a sample is no float16 that the package was certified for.
    """
    plan = plan_of(read_artifact(artifact))
    low, high = plan.input_range.low, plan.input_range.high
    if samples.size and not low <= samples.min() <= samples.max() <= high:
        raise SamplesError(
            f"samples go from {samples.min()} to {samples.max()}, and the reduced modules take "
            f"{low} to {high}"
        )
    return _traced(plan, samples)


def _traced(plan: Plan, samples: NDArray[Any]) -> Trace:
    # torch is imported only where the modules run.
    from targets.lynxi.modules import run_unrolled

    steps, count = samples.shape[:2]
    rows = np.ascontiguousarray(samples, dtype=np.float16).reshape(-1, *samples.shape[2:])
    layers = run_unrolled(plan, rows, steps)
    traces = {}
    for name, layer in layers.items():
        values = {"s": layer.spikes.reshape(steps, count, *plan.by_name[name].shape)}
        for key in layer.states[0]:
            values[key] = np.stack([states[key] for states in layer.states])
        traces[name] = LayerTrace({key: _whole(value) for key, value in values.items()})
    return Trace(traces, plan.program.output)


def _whole(values: NDArray[Any]) -> NDArray[Any]:
    """As integers where they are; what is none is left as it is, and differs."""
    wide = values.astype(np.float64)
    return wide.astype(np.int64) if (wide == np.rint(wide)).all() else wide
