"""CUDA sources compiled once for an architecture: binaries are kept by all that they depend on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path

from snncore.kernels import cache
from snncore.kernels.cpp.build import CompilerError
from snncore.kernels.launch import nvrtc

_SECONDS = 600
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)[>\"]", re.MULTILINE)
_COMPILERS = ("auto", "nvrtc", "nvcc")


@dataclass(frozen=True)
class Options:
    """The compilation of a source.

    Products and sums are not fused and nothing is approximated, unless `fast_math` or `flags` ask
    for it. `compiler` is nvrtc, nvcc, or auto for the first of them that is there.
    """

    flags: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    optimization: int = 3
    fast_math: bool = False
    compiler: str = "auto"
    # The compiler's messages go to standard error as well.
    verbose: bool = False

    def __post_init__(self) -> None:
        if self.optimization not in range(4):
            raise ValueError(f"the optimization level is 0 to 3, not {self.optimization}")
        if self.compiler not in _COMPILERS:
            raise ValueError(f"no compiler {self.compiler!r}; there are {', '.join(_COMPILERS)}")


@dataclass(frozen=True)
class Built:
    """A binary for one architecture, and the compiler's messages."""

    binary: Path
    log: str
    # The same file, by a path that others cannot lead elsewhere.
    through: Path


def build(source: str, options: Options, architecture: str, *, force: bool = False) -> Built:
    """Return the binary of a source, from the cache if possible.

    Raises:
        CompilerError: if there is no compiler, or it refuses the source.
    """
    compiler, version = _compiler(options.compiler)
    flags = _flags(options, architecture)
    parts = [source, *flags, version, *_headers(source, options.include)]
    key = sha256("\0".join(parts).encode()).hexdigest()
    binary = None if force else cache.kept(key, "cubin")
    if binary is None:
        binary = cache.make(key, "cubin", partial(_compile, source, compiler, flags))
    built = Built(binary.path, binary.log, binary.through)
    if options.verbose:
        sys.stderr.write(f"{version} {' '.join(flags)}\n{built.log}\n{built.binary}\n")
    return built


def missing() -> str | None:
    """Return the reason why nothing can be compiled for a GPU here, or None."""
    if nvrtc.library() is None and _nvcc() is None:
        return (
            "neither NVRTC nor nvcc was found (python -m pip install nvidia-cuda-nvrtc, or put "
            "nvcc on the PATH)"
        )
    return None


def _compiler(choice: str) -> tuple[str, str]:
    """Return the compiler, and the versions that its output depends on."""
    if choice != "nvcc" and nvrtc.library() is not None:
        return "nvrtc", nvrtc.version()
    nvcc = _nvcc()
    if choice != "nvrtc" and nvcc is not None:
        return nvcc, _nvcc_version(nvcc)
    if choice == "auto":
        raise CompilerError(str(missing()))
    raise CompilerError(f"{choice} was not found (compiler='auto' takes what there is)")


def _flags(options: Options, architecture: str) -> tuple[str, ...]:
    if not re.fullmatch(r"sm_\d+[af]?", architecture):
        raise ValueError(f"no architecture {architecture!r}: it is written as sm_90")
    return (
        f"--gpu-architecture={architecture}",
        "--std=c++17",
        "--ptxas-options=-v",
        f"--ptxas-options=-O{options.optimization}",
        *(["--use_fast_math"] if options.fast_math else ["--fmad=false"]),
        *(f"--include-path={Path(folder).resolve()}" for folder in options.include),
        *options.flags,
    )


def _compile(source: str, compiler: str, flags: tuple[str, ...], folder: Path) -> tuple[bytes, str]:
    """Compile in the folder; return the binary and what the compiler said."""
    if compiler == "nvrtc":
        return nvrtc.compiled(source, "kernel.cu", flags)
    return _run_nvcc(compiler, flags, source, folder)


def _run_nvcc(nvcc: str, flags: tuple[str, ...], source: str, folder: Path) -> tuple[bytes, str]:
    text, binary = folder / "kernel.cu", folder / "kernel.cubin"
    text.write_text(source, "utf-8")
    command = [nvcc, "-cubin", *flags, text.name, "-o", binary.name]
    completed = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS
    )
    log = f"{completed.stdout}{completed.stderr}".strip()
    if completed.returncode != 0:
        raise CompilerError(log)
    return binary.read_bytes(), log


def _nvcc() -> str | None:
    root = os.environ.get("CUDA_HOME") or os.environ.get("CUDA_PATH")
    beside = str(Path(root, "bin")) if root else None
    return shutil.which("nvcc", path=beside) or shutil.which("nvcc")


@lru_cache
def _nvcc_version(nvcc: str) -> str:
    completed = subprocess.run(
        [nvcc, "--version"], capture_output=True, text=True, timeout=_SECONDS
    )
    return f"{nvcc}\n{completed.stdout}"


def _headers(source: str, folders: tuple[str, ...]) -> list[str]:
    """Return the text of every file that is included from these folders."""
    seen: dict[Path, str] = {}
    pending = [source]
    while pending:
        for name in _INCLUDE.findall(pending.pop()):
            for folder in folders:
                path = Path(folder, name).resolve()
                if path.is_file() and path not in seen:
                    seen[path] = path.read_text("utf-8", errors="replace")
                    pending.append(seen[path])
    return [f"{path}\n{text}" for path, text in sorted(seen.items())]
