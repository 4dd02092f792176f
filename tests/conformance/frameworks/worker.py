"""A worker that compares a framework's neurons with ours, in the framework's own sandbox."""

from __future__ import annotations

import sys
import traceback
from typing import Any


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Return the differences of every case of a framework."""
    sys.path += job["path"]
    cases = exchange.beside(job["framework"] + "_cases")
    from tests.conformance.frameworks.compare import compared

    results: dict[str, Any] = {}
    for name, make in cases.NEURONS.items():
        if job["only"] and name not in job["only"]:
            continue
        shape = (*job["size"], *cases.SHAPES.get(name, cases.SHAPE))
        try:
            results[name] = compared(
                make, cases.run, shape, cases.SCALE.get(name, 1.0), job["backends"]
            )
        except Exception as error:  # noqa: BLE001
            lines = traceback.format_exc().splitlines()[-6:]
            results[name] = {"error": f"{type(error).__name__}: {error}", "trace": lines}
        exchange.progress(f"{name}: {results[name]}")
    return {"results": results, "refused": cases.refused()}
