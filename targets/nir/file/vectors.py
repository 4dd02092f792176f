"""Golden vectors as NIR's data: the samples, and every layer's spikes, on NIR's grid of time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Neuron, Program, Signal
from neurodeploy.program.remembered import remembered
from neurodeploy.simulator import run_golden
from neurodeploy.target import random_samples
from neurodeploy.target.source.vectors import affordable_steps
from targets.nir.file.tree import Tree, file_of

# The most steps, the number of samples, rate and seed.
SAMPLES = (16, 2, 0.3, 0)
_DATA = "TimeGriddedData"


@remembered
def steps_of(program: Program) -> int:
    """Return the steps of a program's golden vectors; large networks have few, or none."""
    return affordable_steps(program, SAMPLES[0])


def vectors_of(program: Program, names: dict[str, str], dt: float) -> bytes:
    """Return the file of a program's golden vectors; `names` are those of NIR's nodes."""
    samples = random_samples(program, steps_of(program), *SAMPLES[1:])
    trace = run_golden(program, samples)
    kind = np.bool_ if program.input.signal == Signal.SPIKES else np.float32
    values: dict[str, NDArray[Any]] = {program.input.name: samples.astype(kind)}
    values |= {node.name: _sent(node, trace[node.name].values["s"]) for node in program.layers}
    tree: dict[str, Tree] = {}
    attributes: dict[str, dict[str, Any]] = {"/": {"__type__": "NIRGraphData"}}
    for name, array in values.items():
        shown = "spikes" if array.dtype == np.bool_ else "values"
        rows = np.moveaxis(array.reshape(*array.shape[:2], -1), 0, 1)
        tree[names[name]] = {"observables": {shown: {"data": np.ascontiguousarray(rows)}}}
        path = f"/nodes/{names[name]}"
        attributes[path] = {"__type__": "NIRNodeData"}
        attributes[f"{path}/observables/{shown}"] = {"__type__": _DATA, "dt": dt}
    return file_of({"nodes": tree}, attributes)


def _sent(node: Neuron, values: NDArray[Any]) -> NDArray[Any]:
    """Return spikes, or what a readout shows in the units of training."""
    if not node.graded:
        return values.astype(np.bool_)
    return np.ldexp(values.astype(np.float64), node.readout.exponent)
