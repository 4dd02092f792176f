"""Turns a network and its bench into C++ with Verilator, and runs them; the sandbox starts it.

Registers without a value begin with random bits, so whoever reads one differs from golden.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from typing import Any

# What drives the clock.
MAIN = """#include "Vnd_bench.h"
#include "verilated.h"

int main(int argc, char **argv)
{
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vnd_bench bench(&context);
    while (!context.gotFinish()) {
        bench.clk = !bench.clk;
        bench.eval();
        context.timeInc(1);
    }
    bench.final();
}
"""
_FLAGS = ("-std=c++17", "-O1", "-DVM_COVERAGE=0", "-DVM_TRACE=0", "-DVM_SC=0")
_RUNTIME = ("verilated", "verilated_threads")
_TURNED = (
    *("--cc", "--top-module", "nd_bench", "--Mdir", "made", "-Wno-fatal", "-Wno-lint"),
    *("-Wno-style", "--x-assign", "unique", "--x-initial", "unique"),
)


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run every network of the job, or test the simulator."""
    programs = exchange.beside("programs")
    judge = _Judge(programs)
    if job.get("self_test"):
        values = judge.simulated({programs.BENCH: programs.TEST}, "test")
        if values.split()[:1] != ["-2"]:
            raise programs.JudgeError(f"the self-test gave {values!r}, not '-2'")
        return {"version": judge.version}
    outcomes = []
    for index, files in enumerate(job["networks"]):
        exchange.progress(f"network {index + 1} of {len(job['networks'])}")
        outcomes.append(judge.simulated(files, f"network{index}"))
    return {"version": judge.version, "values": outcomes}


class _Judge:
    """Verilator, a C++ compiler, and the compiled runtime that every network is linked with."""

    def __init__(self, programs: Any) -> None:
        self.programs = programs
        self.path = programs.program("verilator_bin", "verilator")
        unpacked = os.path.join(sys.prefix, "system", "usr", "share", "verilator")
        if programs.unpacked("verilator_bin"):
            os.environ["VERILATOR_ROOT"] = unpacked
        scratch = os.environ["TMPDIR"]
        self.version = programs.ask([self.path, "--version"], scratch).strip()
        root = programs.ask([self.path, "--getenv", "VERILATOR_ROOT"], scratch).strip()
        self.include = os.path.join(root, "include")
        self.compiler = self._compiler()
        self.objects = self._runtime()

    def _compiler(self) -> list[str]:
        """Return the command of a C++ compiler.

        Raises: JudgeError if there is none.
        """
        for name in ("g++", "clang++", "c++"):
            if path := shutil.which(name):
                return [path]
        if importlib.util.find_spec("ziglang"):
            return [sys.executable, "-m", "ziglang", "c++"]
        raise self.programs.JudgeError(
            "Verilator needs a C++ compiler, and there is none here (install g++ or clang++, or "
            "bring zig with: neurodeploy simulators install verilator --full)"
        )

    def _compile(self, *words: str, folder: str) -> None:
        include = ("-I" + self.include, "-I" + os.path.join(self.include, "vltstd"))
        self.programs.ask([*self.compiler, *_FLAGS, *include, *words], folder, quiet=False)

    def _runtime(self) -> list[str]:
        """Return the compiled files of Verilator's runtime, which the sandbox keeps."""
        key = hashlib.sha256(repr((self.version, self.compiler, _FLAGS)).encode()).hexdigest()
        folder = os.path.join(sys.prefix, "runtime", key[:16])
        objects = [os.path.join(folder, f"{name}.o") for name in _RUNTIME]
        if not all(map(os.path.exists, objects)):
            scratch = os.path.join(os.environ["TMPDIR"], "runtime")
            os.mkdir(scratch)
            for name in _RUNTIME:
                source = os.path.join(self.include, f"{name}.cpp")
                self._compile("-c", source, "-o", f"{name}.o", folder=scratch)
            try:
                shutil.copytree(scratch, folder + f".{os.getpid()}")
                os.rename(folder + f".{os.getpid()}", folder)
            except OSError:
                # A sandbox that is not writable, or another worker that was faster.
                objects = [os.path.join(scratch, f"{name}.o") for name in _RUNTIME]
        return objects

    def simulated(self, files: dict[str, str], name: str) -> str:
        """Return what a bench writes."""
        programs = self.programs
        folder = programs.folder_with(files, name)
        sources = [each for each in files if each.endswith(".v")]
        programs.ask([self.path, *_TURNED, *sources], folder, quiet=False)
        written = os.path.join(folder, "made")
        parts = sorted(each for each in os.listdir(written) if each.endswith(".cpp"))
        text = "".join(f'#include "{each}"\n' for each in parts) + MAIN
        with open(os.path.join(written, "all.cc"), "w", encoding="ascii") as file:
            file.write(text)
        self._compile("all.cc", *self.objects, "-pthread", "-o", "../run", folder=written)
        # Registers without a value begin with these bits.
        bits = ("+verilator+rand+reset+2", "+verilator+seed+7")
        programs.ask([os.path.join(folder, "run"), *bits], folder)
        values: str = programs.content(folder, programs.VALUES)
        shutil.rmtree(folder)
        return values
