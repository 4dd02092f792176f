"""Engines for programs: the golden interpreter is the definition, the fast engine repeats it."""

from __future__ import annotations

from typing import Any

from neurodeploy.errors import UnknownNameError
from neurodeploy.program import Program
from neurodeploy.simulator.golden import run_golden as run_golden
from neurodeploy.simulator.network_view import by_network_layer as by_network_layer
from neurodeploy.trace import Trace

ENGINES = ("golden", "fast")

__all__ = ["ENGINES", "by_network_layer", "run_golden", "simulate"]


def simulate(
    program: Program, samples: Any, engine: str = "golden", *, again: bool = True
) -> Trace:
    """Return the trace of a program's integers (T, N, ...) by the golden or the fast engine.

    The fast engine keeps what it prepared for more samples, unless `again` is false.

    Raises:
        UnknownNameError: if there is no such engine.
    """
    if engine == "golden":
        return run_golden(program, samples)
    if engine == "fast":
        # Only this engine imports torch.
        from neurodeploy.simulator.fast import run_fast

        return run_fast(program, samples, again=again)
    raise UnknownNameError(f"no engine {engine}; there are {', '.join(ENGINES)}")
