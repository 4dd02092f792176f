"""A worker that runs a framework's classes and ours on the same input, in its own sandbox."""

from __future__ import annotations

import importlib
import sys
import traceback
from typing import Any


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Return for every pair how many values differ, and by how much the gradients do."""
    sys.path += job["path"]
    compare = importlib.import_module("tests.conformance.frameworks.pairs")
    pairs: dict[str, Any] = exchange.beside(job["framework"] + "_pairs").PAIRS
    results: dict[str, Any] = {}
    for name, pair in pairs.items():
        exchange.progress(name)
        try:
            each = [compare.compared(pair, seed, job["steps"]) for seed in range(job["seeds"])]
            results[name] = compare.worst(each)
        # Any error of a pair is one line of the result.
        except Exception as error:
            lines = traceback.format_exc().splitlines()[-6:]
            results[name] = {"error": f"{type(error).__name__}: {error}", "trace": lines}
    return results
