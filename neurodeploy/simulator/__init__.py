"""Programs run: the golden interpreter defines, the fast engine repeats it quickly."""

from __future__ import annotations

from typing import Any

from neurodeploy.errors import UnknownNameError
from neurodeploy.program import Program
from neurodeploy.simulator.golden import run_golden as run_golden
from neurodeploy.trace import Trace

ENGINES = ("golden", "fast")

__all__ = ["ENGINES", "run_golden", "simulate"]


def simulate(
    program: Program, samples: Any, engine: str = "golden", *, again: bool = True
) -> Trace:
    """The trace of the samples (T, N, ...) by the golden interpreter or the fast engine.

    What the fast engine prepared is kept for more samples, unless there will be none `again`.

    Raises:
        UnknownNameError: if there is no such engine.
    """
    if engine == "golden":
        return run_golden(program, samples)
    if engine == "fast":
        # torch is imported for this engine alone.
        from neurodeploy.simulator.fast import run_fast

        return run_fast(program, samples, again=again)
    raise UnknownNameError(f"no engine {engine}; there are {', '.join(ENGINES)}")
