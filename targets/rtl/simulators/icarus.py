"""Compiles a network and its bench with Icarus and runs them; the sandbox starts it."""

from __future__ import annotations

import os
from typing import Any


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run every network of the job, or test the simulator."""
    programs = exchange.beside("programs")
    version = [*programs.icarus("iverilog"), "-V"]
    words = programs.ask(version, os.environ["TMPDIR"]).splitlines()[0]
    if job.get("self_test"):
        values = programs.simulated({programs.BENCH: programs.TEST}, "test")
        if values.split() != ["-2", "x"]:
            raise programs.JudgeError(f"the self-test gave {values!r}, not '-2 x'")
        return {"version": words}
    outcomes = []
    for index, files in enumerate(job["networks"]):
        exchange.progress(f"network {index + 1} of {len(job['networks'])}")
        outcomes.append(programs.simulated(files, f"network{index}"))
    return {"version": words, "values": outcomes}
