"""C++ sources compiled once: the library is kept in the user's cache, by all that it depends on."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache, partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from snncore.kernels import cache

# The flags for equality with eager torch on every bit: no contraction or other unsafe change.
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
_ZIG = (sys.executable, "-P", str(Path(__file__).with_name("zig.py")))


class CompilerError(RuntimeError):
    """An error of the compiler on a source, with its messages."""


def compiler() -> Command | None:
    """Return the first C++ compiler that works: $CXX, the system's, or the package ziglang's."""
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        path = shutil.which(name) if name else None
        if path and _builds((path,)):
            return (path,)
    return _ZIG if find_spec("ziglang") and _builds(_ZIG) else None


def load(source: str, more_flags: tuple[str, ...] = ()) -> ctypes.CDLL:
    """Load the library of a source, and compile it if the cache has none.

    Raises:
        CompilerError: if there is no compiler, or it refuses the source.
    """
    tool = compiler()
    if tool is None:
        raise CompilerError(NO_COMPILER)
    flags, key = _flags_and_key(tool, source, more_flags)
    library = cache.kept(key, "so")
    if library is None:
        library = cache.make(key, "so", partial(compile_library, tool, flags, source))
    try:
        return ctypes.CDLL(str(library.through))
    except OSError as error:
        raise CompilerError(
            f"the kernel that {' '.join(tool)} made cannot be loaded: {error} "
            "(let XDG_CACHE_HOME name a folder from which programs may be run)"
        ) from error


def is_built(source: str) -> bool:
    """Return whether the cache has the library of a source."""
    tool = compiler()
    return tool is not None and cache.kept(_flags_and_key(tool, source)[1], "so") is not None


def _flags_and_key(
    tool: Command, source: str, more_flags: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], str]:
    """Return the compiler's flags, and the key of all that a library depends on."""
    flags = (*FLAGS, *more_flags, *(("-fopenmp",) if _takes_openmp(tool) else ()))
    parts = (source, *flags, version(tool), processor())
    return flags, sha256("\0".join(parts).encode()).hexdigest()


def compile_library(
    tool: Command, flags: tuple[str, ...], source: str, folder: Path
) -> tuple[bytes, str]:
    """Compile in the folder; return the library and what the compiler said."""
    text, result = "kernel.cpp", "kernel.so"
    (folder / text).write_text(source, "utf-8")
    command = [*tool, *flags, text, "-o", result]
    completed = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS
    )
    if completed.returncode != 0:
        raise CompilerError(f"{' '.join(tool)} refuses the kernel:\n{completed.stderr.strip()}")
    return (folder / result).read_bytes(), completed.stderr


def _remembered(answer: Callable[[Command], str]) -> Callable[[Command], str]:
    """Return a question about a compiler, whose answer is kept as long as its program is the same.

    No answer is not kept: what a compiler lacks may be installed later.
    """

    @lru_cache
    def asked(tool: Command) -> str:
        if len(tool) > 1:
            return answer(tool)
        path = Path(tool[0]).resolve()
        state = path.stat()
        parts = (answer.__name__, *tool, str(path), str(state.st_size), str(state.st_mtime_ns))
        key = sha256("\0".join(parts).encode()).hexdigest()
        kept = cache.kept(key, "txt")
        if kept is not None:
            return kept.through.read_text("utf-8")
        text = answer(tool)
        if text:
            cache.make(key, "txt", lambda _: (text.encode(), ""))
        return text

    return asked


@_remembered
def _builds(tool: Command) -> str:
    """Return "yes" if a compiler can make libraries: some lack the libraries to link with."""
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "empty.cpp")
        text.write_text("#include <vector>\nint f() { return 1; }\n", "utf-8")
        command = [*tool, "-fPIC", "-shared", str(text), "-o", f"{folder}/empty.so"]
        return _succeeds(command)


@_remembered
def _takes_openmp(tool: Command) -> str:
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "empty.cpp")
        text.write_text("#include <omp.h>\nint f() { return omp_get_max_threads(); }\n", "utf-8")
        command = [*tool, "-fopenmp", "-fPIC", "-shared", str(text), "-o", f"{folder}/empty.so"]
        return _succeeds(command)


def _succeeds(command: list[str]) -> str:
    completed = subprocess.run(command, capture_output=True, timeout=_SECONDS)
    return "yes" if completed.returncode == 0 else ""


@_remembered
def version(tool: Command) -> str:
    """Return a compiler and what it says of its version."""
    completed = subprocess.run(
        [*tool, "--version"], capture_output=True, text=True, timeout=_SECONDS
    )
    return f"{' '.join(tool)}\n{completed.stdout}"


@lru_cache
def processor() -> str:
    """Return the processor's features: machines that share a cache may differ in -march=native."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text("utf-8").splitlines():
            if line.startswith(("flags", "Features")):
                return f"{platform.machine()} {line}"
    return f"{platform.machine()} {platform.processor()} {platform.node()}"
