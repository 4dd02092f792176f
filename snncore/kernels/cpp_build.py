"""C++ sources compiled once: the library is kept in the user's cache, by all that it depends on."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

# What equals eager torch bit for bit: no contraction, and no other liberty that changes a value.
FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-shared",
)
_SECONDS = 300
# The words that start a compiler: a program, and what comes before flags and files.
Command = tuple[str, ...]
NO_COMPILER = (
    "no C++ compiler was found (install g++ or clang++, or python -m pip install ziglang, or set "
    "CXX)"
)
_ZIG = (sys.executable, "-P", str(Path(__file__).with_name("cpp_zig.py")))


class CompilerError(RuntimeError):
    """A source that the system's compiler refused, with what the compiler said."""


def compiler() -> Command | None:
    """Return the first C++ compiler that works: $CXX, the system's, or the package ziglang's."""
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        found = shutil.which(name) if name else None
        if found and _builds((found,)):
            return (found,)
    return _ZIG if find_spec("ziglang") and _builds(_ZIG) else None


def cache_folder() -> Path:
    """Where compiled kernels are kept."""
    return user_cache_path("neurodeploy") / "kernels"


def load(source: str, more_flags: tuple[str, ...] = ()) -> ctypes.CDLL:
    """The library that the source makes.

    Raises:
        CompilerError: if there is no compiler, or it refuses the source.
    """
    found = compiler()
    if found is None:
        raise CompilerError(NO_COMPILER)
    flags = (*FLAGS, *more_flags, *(("-fopenmp",) if _takes_openmp(found) else ()))
    parts = (source, *flags, _version(found), _processor())
    key = sha256("\0".join(parts).encode()).hexdigest()
    library = cache_folder() / f"{key[:32]}.so"
    if not library.is_file():
        library.parent.mkdir(parents=True, exist_ok=True)
        _compile(found, flags, source, library)
    return ctypes.CDLL(str(library))


def _compile(found: Command, flags: tuple[str, ...], source: str, library: Path) -> None:
    """Compile beside the library and put it into its place at once, whoever else does the same."""
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        text, result = Path(folder, "kernel.cpp"), Path(folder, "kernel.so")
        text.write_text(source, "utf-8")
        command = [*found, *flags, str(text), "-o", str(result)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
        if done.returncode != 0:
            said = done.stderr.replace(str(text), "kernel.cpp").strip()
            raise CompilerError(f"{' '.join(found)} refuses the kernel:\n{said}")
        result.replace(library)


@lru_cache
def _builds(found: Command) -> bool:
    """Whether it makes libraries: some compilers are found without what they link with."""
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "empty.cpp")
        text.write_text("#include <vector>\nint f() { return 1; }\n", "utf-8")
        command = [*found, "-fPIC", "-shared", str(text), "-o", f"{folder}/empty.so"]
        return subprocess.run(command, capture_output=True, timeout=_SECONDS).returncode == 0


@lru_cache
def _takes_openmp(found: Command) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "empty.cpp")
        text.write_text("#include <omp.h>\nint f() { return omp_get_max_threads(); }\n", "utf-8")
        command = [*found, "-fopenmp", "-fPIC", "-shared", str(text), "-o", f"{folder}/empty.so"]
        return subprocess.run(command, capture_output=True, timeout=_SECONDS).returncode == 0


@lru_cache
def _version(found: Command) -> str:
    said = subprocess.run([*found, "--version"], capture_output=True, text=True, timeout=_SECONDS)
    return f"{' '.join(found)}\n{said.stdout}"


@lru_cache
def _processor() -> str:
    """What -march=native depends on: a cache may be shared by unlike machines."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text("utf-8").splitlines():
            if line.startswith(("flags", "Features")):
                return f"{platform.machine()} {line}"
    return f"{platform.machine()} {platform.processor()} {platform.node()}"
