"""Compiles a network and its harness and runs them; the sandbox starts it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from typing import Any

import numpy as np

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror")
SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
COMPILERS = ("gcc", "clang", "cc")

# Files: samples in, values out.
HOST = r"""
#include <stdio.h>
#include <stdlib.h>
#include <stdint.h>

void nd_run(int32_t steps, int32_t samples);
void nd_get(void *to, uint32_t size);
void nd_put(const void *from, uint32_t size);

static FILE *in, *out;

void nd_get(void *to, uint32_t size)
{
    if (fread(to, 1, size, in) != size) exit(3);
}

void nd_put(const void *from, uint32_t size)
{
    if (fwrite(from, 1, size, out) != size) exit(4);
}

int main(int argc, char **argv)
{
    if (argc != 5) return 2;
    in = fopen(argv[3], "rb");
    out = fopen(argv[4], "wb");
    if (!in || !out) return 2;
    nd_run((int32_t)atol(argv[1]), (int32_t)atol(argv[2]));
    return fclose(out) || fclose(in);
}
"""


class JudgeError(RuntimeError):
    """A compiler or a program that failed."""


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Compile every network of the job and run it, or test the toolchain."""
    sys.path += [path for path in job.get("path", ()) if path not in sys.path]
    versions = {"compiler": version(job["toolchain"])}
    for index, network in enumerate(job["networks"]):
        folder = os.path.join(os.environ["TMPDIR"], f"network{index}")
        os.mkdir(folder)
        for name, text in {**network["files"], "host.c": HOST}.items():
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(text)
        samples = np.load(exchange.input(f"samples{index}"))
        samples.astype("<i4").tofile(os.path.join(folder, "in.bin"))
        exchange.progress(f"network {index + 1} of {len(job['networks'])}")
        content = on_host(job["toolchain"], folder, network)
        np.save(exchange.output(f"network{index}"), np.frombuffer(content, np.uint8))
    return versions


def on_host(toolchain: str, folder: str, network: dict[str, Any]) -> bytes:
    """Return what a network's harness gives on this machine, watched by the sanitizers."""
    program = os.path.join(folder, "run")
    sources = [name for name in network["files"] if name.endswith(".c")] + ["host.c"]
    flags = (*STRICT, *(SANITIZED if toolchain == "host" else ("-O2", "-fsanitize=undefined")))
    ask([*compiler(toolchain), *flags, *sources, "-o", program], folder)
    counts = [str(network["steps"]), str(network["samples"])]
    ask([program, *counts, "in.bin", "out.bin"], folder)
    with open(os.path.join(folder, "out.bin"), "rb") as file:
        return file.read()


def compiler(toolchain: str) -> list[str]:
    """Return the command of a C compiler.

    Raises: JudgeError if there is none.
    """
    if toolchain == "zig":
        return [sys.executable, "-m", "ziglang", "cc"]
    shutil = importlib.import_module("shutil")
    for name in COMPILERS:
        if shutil.which(name):
            return [name]
    raise JudgeError(
        "no C compiler is installed here (install gcc or clang, or use the simulator zig: "
        "neurodeploy simulators install zig)"
    )


def version(toolchain: str) -> str:
    """Return the first line of a compiler's version."""
    return ask([*compiler(toolchain), "--version"], ".").splitlines()[0]


def ask(command: list[str], folder: str) -> str:
    """Return what a command prints.

    Raises: JudgeError with the end of it, if it fails.
    """
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = (done.stdout + done.stderr).strip()
        raise JudgeError(f"{os.path.basename(command[0])} failed: {words[-1500:]}")
    return done.stdout
