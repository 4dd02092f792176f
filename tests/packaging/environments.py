"""Empty environments with the wheel and what it requires, installed by uv: pip takes ten times.

The wheel itself is installed by pip, as a user does.

torch for Linux asks for two gigabytes of CUDA beside it. Here no GPU is used, so where that build
would be taken, its libraries' places are held by empty ones: torch starts, and computes on the CPU.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.packaging.index import CONSTRAINTS, run, uv

# The part of CUDA that torch's own code for the CPU calls; twelve megabytes.
_KEPT = ("nvidia-cuda-cupti", "nvidia-cuda-runtime", "nvidia-cufile")
# What only a GPU needs; two gigabytes.
_FOR_GPUS = re.compile(r"nvidia-|cuda-|triton\b")
_HELD = {
    "libcublas.so.13",
    "libcublasLt.so.13",
    "libcudnn.so.9",
    "libcufft.so.12",
    "libcurand.so.10",
    "libcusparse.so.12",
    "libcusparseLt.so.0",
    "libnccl.so.2",
    "libnvrtc.so.13",
    "libnvshmem_host.so.3",
}
_SYMBOL = re.compile(
    r"U ((?:cublas|cudnn|cufft|curand|cusparse|nccl|nvrtc|nvshmem)\w*)(?:@+(\S+))?$", re.M
)


def scripts_of(venv: Path) -> Path:
    """Return the folder of an environment's programs."""
    return venv / ("Scripts" if os.name == "nt" else "bin")


def install(python: Path, wheel: Path, venv: Path) -> None:
    """Make an environment of this Python with the wheel and what it requires, no extra."""
    run((uv(), "venv", "-q", "--python", python, venv), venv.parent)
    _install_with_uv(wheel, venv)
    pip = (sys.executable, "-m", "pip", "--python", scripts_of(venv) / "python", "install", "-q")
    run((*pip, "--force-reinstall", "--no-deps", "--no-compile", wheel), venv)


def _install_with_uv(wheel: Path, venv: Path) -> None:
    python = scripts_of(venv) / "python"
    into = (uv(), "pip", "install", "-q", "--python", python)
    if sys.platform != "linux":
        run((*into, "-c", CONSTRAINTS, wheel), venv)
        return
    asked = venv / "asked.in"
    asked.write_text(f"neurodeploy-toolchain @ {wheel.as_uri()}\n", "utf-8")
    compiling = (uv(), "pip", "compile", "-q", "--no-header", "--no-annotate", "--python", python)
    listed = run((*compiling, "-c", CONSTRAINTS, asked), venv).splitlines()
    wanted = [line for line in listed if line.startswith(_KEPT) or not _FOR_GPUS.match(line)]
    (venv / "wanted.txt").write_text("\n".join(wanted), "utf-8")
    run((*into, "--no-deps", "-r", venv / "wanted.txt"), venv)
    _hold_places(next(venv.glob("lib/python*/site-packages")))


def _hold_places(packages: Path) -> None:
    """Put empty libraries where torch looks for those of a GPU."""
    versions = defaultdict(set)
    for library in sorted((packages / "torch/lib").glob("libtorch*.so")):
        for symbol, version in _undefined(library):
            versions[version].add(symbol)
    assert versions, "torch asks for no library of a GPU"
    source, script = packages / "held.c", packages / "held.map"
    symbols = sorted(set().union(*versions.values()))
    # Whoever calls one is told that it failed.
    source.write_text("".join(f"int {name}(void) {{ return 1; }}\n" for name in symbols), "utf-8")
    nodes = ((version, names) for version, names in versions.items() if version)
    script.write_text(
        "".join(f"{version} {{ global: {'; '.join(names)}; }};\n" for version, names in nodes),
        "utf-8",
    )
    words = ("-shared", "-fPIC", "-w", f"-Wl,--version-script={script}", source)
    run(("cc", *words, "-o", packages / "held.so"), packages)
    for name in _HELD:
        shutil.copy(packages / "held.so", packages / "nvidia/cu13/lib" / name)


def _undefined(library: Path) -> Iterator[tuple[str, str]]:
    """Yield each symbol of a GPU's libraries that a library asks for, and its version."""
    listed = subprocess.run(
        ("nm", "-D", "--undefined-only", library), capture_output=True, text=True, check=True
    )
    yield from _SYMBOL.findall(listed.stdout)
