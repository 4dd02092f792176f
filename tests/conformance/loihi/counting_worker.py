"""Counts how often Lava searches for the models of each class, over two self-tests."""

import importlib.util
import sys
from collections import Counter
from typing import Any

from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run the worker that the job names; the sandbox calls this."""
    searches: Counter[str] = Counter()
    search = ProcGroupDiGraphs._find_proc_models

    def counted(proc: Any) -> list[Any]:
        searches[type(proc).__name__] += 1
        return search(proc)

    ProcGroupDiGraphs._find_proc_models = staticmethod(counted)
    spec = importlib.util.spec_from_file_location("lava_worker", job["worker"])
    assert spec is not None
    assert spec.loader is not None
    worker = importlib.util.module_from_spec(spec)
    sys.modules["lava_worker"] = worker
    spec.loader.exec_module(worker)
    for _ in range(2):
        worker.run({"self_test": True}, exchange)
    return dict(searches)
