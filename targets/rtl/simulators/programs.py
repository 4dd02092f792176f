"""Programs that the workers start; every worker loads this script from beside itself."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys

BENCH, VALUES = "nd_bench.v", "values.txt"
# Icarus has no clock of its own.
CLOCK = """module nd_clock;
    reg clk = 0;
    always #1 clk = !clk;
    nd_bench bench(.clk(clk));
endmodule
"""
# The register starts with no value, and -3 / 2 rounds down.
TEST = """module nd_bench(input clk);
    reg signed [3:0] a = -4'sd3, b;
    integer to;
    always @(negedge clk) begin
        to = $fopen("values.txt", "w");
        $fwrite(to, "%0d %0d\\n", a >>> 1, b);
        $fclose(to);
        $finish;
    end
endmodule
"""


class JudgeError(RuntimeError):
    """A program that is missing, or that failed."""


def folder_with(files: dict[str, str], name: str) -> str:
    """Return a new folder with these files."""
    folder = os.path.join(os.environ["TMPDIR"], name)
    os.mkdir(folder)
    for file_name, text in files.items():
        with open(os.path.join(folder, os.path.basename(file_name)), "w", encoding="ascii") as file:
            file.write(text)
    return folder


def content(folder: str, name: str) -> str:
    """Return the text of a file."""
    with open(os.path.join(folder, name), encoding="ascii") as file:
        return file.read()


def unpacked(name: str) -> str | None:
    """Return the path of a program in the sandbox, if it was unpacked there."""
    own = os.path.join(sys.prefix, "system", "usr", "bin", name)
    return own if os.path.exists(own) else None


def program(name: str, package: str) -> str:
    """Return the path of a program: the sandbox's, or the system's.

    Raises: JudgeError if there is none.
    """
    path = unpacked(name) or shutil.which(name)
    if path is None:
        words = f"{name} is not installed here (install {package}, such as: apt install {package})"
        raise JudgeError(words)
    return path


def icarus(name: str) -> list[str]:
    """Return the command of a program of Icarus.

    Raises: JudgeError if there is none.
    """
    path = program(name, "iverilog")
    if not unpacked(name):
        return [path]
    (library,) = glob.glob(os.path.join(sys.prefix, "system", "usr", "lib", "*", "ivl"))
    return [path, "-B" if name == "iverilog" else "-M", library]


def simulated(files: dict[str, str], name: str) -> str:
    """Return what a bench writes that Icarus runs."""
    folder = folder_with({**files, "nd_clock.v": CLOCK}, name)
    sources = [each for each in files if each.endswith(".v")]
    compiled = ["-g2001", "-s", "nd_clock", "-o", "run.vvp", *sources, "nd_clock.v"]
    ask([*icarus("iverilog"), *compiled], folder)
    ask([*icarus("vvp"), "-n", "run.vvp"], folder)
    values = content(folder, VALUES)
    shutil.rmtree(folder)
    return values


def ask(command: list[str], folder: str, quiet: bool = True) -> str:
    """Return what a command prints; `quiet` commands print no errors.

    Raises: JudgeError with the end of it, if it fails.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode or (quiet and done.stderr.strip()):
        words = (done.stdout + done.stderr).strip()
        raise JudgeError(f"{os.path.basename(command[0])} failed: {words[-1500:]}")
    return done.stdout
