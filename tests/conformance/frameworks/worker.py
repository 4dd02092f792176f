"""A worker that compares a framework's modules with ours, in the framework's own sandbox."""

from __future__ import annotations

import importlib
import sys
import traceback
from typing import Any

NAMES = ("snntorch", "spikingjelly", "norse", "sinabs")
ROOMS = (
    "snncore",
    "quant",
    "neurodeploy.frontend.foreign.taken",
    "neurodeploy.frontend.checkpoint",
    "neurodeploy.flow.pipeline",
)


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Return the differences of every case of a framework, and the errors of what is refused."""
    sys.path += job["path"]
    for room in ROOMS:
        importlib.import_module(room)
    imported = [name for name in NAMES if name in sys.modules]
    cases = exchange.beside(job["framework"] + "_cases")
    compare = importlib.import_module("tests.conformance.frameworks.compare")
    results: dict[str, Any] = {}
    for name, make in cases.NEURONS.items():
        if not job["only"] or name in job["only"]:
            exchange.progress(name)
            results[name] = _guarded(lambda n=name, m=make: _neuron(compare, cases, n, m, job))
    layers = {
        name: _guarded(lambda m=make, s=shape: compare.compared_layer(m, s))
        for name, (make, shape) in cases.LAYERS.items()
        if not job["only"]
    }
    refused = {name: compare.refusal(make) for name, make in cases.REFUSED.items()}
    return {"neurons": results, "layers": layers, "refused": refused, "imported": imported}


def _neuron(compare: Any, cases: Any, name: str, make: Any, job: dict[str, Any]) -> dict[str, Any]:
    shape = (*job["size"], *cases.SHAPES.get(name, cases.SHAPE))
    scale = cases.SCALE.get(name, 1.0)
    result: dict[str, Any] = compare.compared(make, cases.run, shape, scale, job["backends"])
    return result


def _guarded(compute: Any) -> dict[str, Any]:
    try:
        result: dict[str, Any] = compute()
        return result
    # Any error of a case is one line of the result.
    except Exception as error:
        lines = traceback.format_exc().splitlines()[-8:]
        return {"error": f"{type(error).__name__}: {error}", "trace": lines}
