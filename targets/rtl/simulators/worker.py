"""Compiles a network and its bench with Icarus and runs them; the sandbox starts it."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from typing import Any

# The register starts with no value, and -3 / 2 rounds down.
TEST = """
module nd_bench;
    reg signed [3:0] a = -4'sd3, b;
    integer to;
    initial begin
        to = $fopen("values.txt", "w");
        $fwrite(to, "%0d %0d\\n", a >>> 1, b);
        $fclose(to);
        $finish;
    end
endmodule
"""


class JudgeError(RuntimeError):
    """A simulator that is missing, or that failed."""


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run every network of the job, or test the simulator."""
    words = ask([*tool("iverilog"), "-V"], os.environ["TMPDIR"]).splitlines()[0]
    if job.get("self_test"):
        values = simulated({"nd_bench.v": TEST}, "test")
        if values.split() != ["-2", "x"]:
            raise JudgeError(f"the self-test gave {values!r}, not '-2 x'")
        return {"version": words}
    outcomes = []
    for index, files in enumerate(job["networks"]):
        exchange.progress(f"network {index + 1} of {len(job['networks'])}")
        outcomes.append(simulated(files, f"network{index}"))
    return {"version": words, "values": outcomes}


def simulated(files: dict[str, str], name: str) -> str:
    """Return what a bench writes."""
    folder = os.path.join(os.environ["TMPDIR"], name)
    os.mkdir(folder)
    for file_name, text in files.items():
        with open(os.path.join(folder, os.path.basename(file_name)), "w", encoding="ascii") as file:
            file.write(text)
    sources = [each for each in files if each.endswith(".v")]
    ask([*tool("iverilog"), "-g2001", "-s", "nd_bench", "-o", "run.vvp", *sources], folder)
    ask([*tool("vvp"), "-n", "run.vvp"], folder)
    with open(os.path.join(folder, "values.txt"), encoding="ascii") as file:
        values = file.read()
    shutil.rmtree(folder)
    return values


def tool(name: str) -> list[str]:
    """Return the command of a program of Icarus: the sandbox's, or the system's.

    Raises: JudgeError if there is none.
    """
    own = os.path.join(sys.prefix, "system", "usr", "bin", name)
    if os.path.exists(own):
        (library,) = glob.glob(os.path.join(sys.prefix, "system", "usr", "lib", "*", "ivl"))
        return [own, "-B" if name == "iverilog" else "-M", library]
    if shutil.which(name):
        return [name]
    raise JudgeError(
        f"{name} is not installed here (install Icarus Verilog, such as: apt install iverilog)"
    )


def ask(command: list[str], folder: str) -> str:
    """Return what a command prints.

    Raises: JudgeError with the end of it, if it fails.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr.strip():
        words = (done.stdout + done.stderr).strip()
        raise JudgeError(f"{os.path.basename(command[0])} failed: {words[-1500:]}")
    return done.stdout
