"""Compiles a network and its harness and runs them; the sandbox starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np

ZIG = [sys.executable, "-m", "ziglang", "cc"]
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror")
SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
# zig's own sanitizer; its library of addresses is none of it.
TRAPPING = ("-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all")

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


# A network of the self-test: it gives twice what it takes.
TEST = {
    "network.c": """#include <stdint.h>
void nd_run(int32_t steps, int32_t samples);
void nd_get(void *to, uint32_t size);
void nd_put(const void *from, uint32_t size);
void nd_run(int32_t steps, int32_t samples)
{
    int32_t value;
    int32_t step;
    for (step = 0; step < steps * samples; step++) {
        nd_get(&value, sizeof value);
        value = value * 2;
        nd_put(&value, sizeof value);
    }
}
"""
}
SELF_TEST = {"files": TEST, "samples": [-3, 4, 5], "counts": [3, 1, 12]}


class JudgeError(RuntimeError):
    """A compiler or a program that failed."""


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Compile every network of the job and run it, or test the toolchain; give what it took."""
    sys.path += [path for path in job.get("path", ()) if path not in sys.path]
    if job.get("self_test"):
        # Each builds the libraries that zig then keeps for this kind of processor.
        for toolchain in ("cortex-m4", "zig"):
            content, _ = computed(ZIG, toolchain, SELF_TEST, 0, exchange)
            require_tested(content)
        return {}
    toolchain = job["toolchain"]
    command = [job["compiler"]] if toolchain == "host" else ZIG
    measured = []
    networks = job["networks"]
    for index, network in enumerate(networks):
        exchange.progress(f"network {index + 1} of {len(networks)}")
        content, numbers = computed(command, toolchain, network, index, exchange)
        measured.append(numbers)
        np.save(exchange.output(f"network{index}"), np.frombuffer(content, np.uint8))
    version = ask([*command, "--version"], os.environ["TMPDIR"]).splitlines()[0]
    return {"compiler": version, "measured": measured}


def computed(
    command: list[str], toolchain: str, network: dict[str, Any], index: int, exchange: Any
) -> tuple[bytes, dict[str, int]]:
    """Return what a network gives where the toolchain runs it, and what it took."""
    folder = os.path.join(os.environ["TMPDIR"], f"{toolchain}-network{index}")
    os.mkdir(folder)
    write(folder, network["files"])
    samples = samples_of(network, exchange, index)
    if toolchain in ("host", "zig"):
        return on_host(command, folder, network, samples)
    return emulated(toolchain, folder, network, samples, exchange)


def samples_of(network: dict[str, Any], exchange: Any, index: int) -> bytes:
    """Return the samples of a network as it reads them."""
    if "samples" in network and isinstance(network["samples"], list):
        return np.asarray(network["samples"], "<i4").tobytes()
    samples: bytes = np.load(exchange.input(f"samples{index}")).astype("<i4").tobytes()
    return samples


def write(folder: str, files: dict[str, str]) -> None:
    """Write text files."""
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)


def on_host(
    command: list[str], folder: str, network: dict[str, Any], samples: bytes
) -> tuple[bytes, dict[str, int]]:
    """Return what a network's harness gives on this machine, watched by the sanitizers."""
    write(folder, {"host.c": HOST})
    with open(os.path.join(folder, "in.bin"), "wb") as file:
        file.write(samples)
    sources = [name for name in network["files"] if name.endswith(".c")] + ["host.c"]
    flags = (*STRICT, *(TRAPPING if command == ZIG else SANITIZED))
    ask([*command, *flags, *sources, "-o", "run"], folder)
    counts = [str(each) for each in network["counts"][:2]]
    ask([os.path.join(folder, "run"), *counts, "in.bin", "out.bin"], folder)
    return read(folder, "out.bin"), {}


def emulated(
    processor: str, folder: str, network: dict[str, Any], samples: bytes, exchange: Any
) -> tuple[bytes, dict[str, int]]:
    """Return what a network's harness gives on an emulated processor, and what it took."""
    emulator = exchange.beside("emulator")
    write(folder, {"start.c": emulator.START, "linked.ld": emulator.LINKED})
    name, cpu = emulator.TARGETS[processor]
    chosen = [*ZIG, "-target", name, f"-mcpu={cpu}", *STRICT, *emulator.FLAGS]
    objects = []
    for source in [each for each in network["files"] if each.endswith(".c")] + ["start.c"]:
        objects.append(source[:-2] + ".o")
        ask([*chosen, "-c", source, "-o", objects[-1]], folder)
    ask([*chosen, *emulator.LINKING, *objects, "-o", "run.elf"], folder)
    steps, number, size = network["counts"]
    emulation = emulator.run(processor, read(folder, "run.elf"), samples, (steps, number, size))
    flash, ram = emulator.sections(read(folder, "network.o"))
    numbers = {"flash": flash, "data": ram, "stack": emulation.stack}
    return emulation.values, numbers | {"instructions": emulation.instructions}


def read(folder: str, name: str) -> bytes:
    """Return the content of a file."""
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def require_tested(content: bytes) -> None:
    """Check what the network of the self-test gives.

    Raises: JudgeError if it is something else.
    """
    values = np.frombuffer(content, "<i4").tolist()
    if values != [-6, 8, 10]:
        raise JudgeError(f"the self-test gave {values}, not [-6, 8, 10]")


def ask(command: list[str], folder: str) -> str:
    """Return what a command prints.

    Raises: JudgeError with the end of it, if it fails.
    """
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    # Libraries that zig builds once stay beside it.
    for kind in ("GLOBAL", "LOCAL"):
        environment[f"ZIG_{kind}_CACHE_DIR"] = os.path.join(sys.prefix, "zig-cache")
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = (done.stdout + done.stderr).strip()
        raise JudgeError(f"{os.path.basename(command[0])} failed: {words[-1500:]}")
    return done.stdout
