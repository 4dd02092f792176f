"""A g++ that reads the headers of kernels precompiled, which saves almost half of each build."""

import subprocess
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from snncore.kernels.cpp.build import FLAGS, compiler
from snncore.kernels.launch import on_cpu

# Every header that a kernel's text includes.
HEADERS = ("cmath", "cstddef", "cstdint", "cstring", "memory", "ucontext.h", "vector")
# One for training's kernels, one for CUDA C on the CPU: g++ takes the one whose flags are the same.
KINDS = {"training": (), "on_cpu": on_cpu._FLAGS}
# Only kernels: a check of the compiler itself has other flags, which would read the headers anew.
WRAPPER = """#!/bin/sh
case "$*" in *kernel.cpp*) exec {compiler} -include "{header}" "$@" ;; esac
exec {compiler} "$@"
"""


def fast_compiler(folder: Path) -> Path | None:
    """Return a compiler that kernels are built with in less time, or None where g++ is not used.

    It is kept in the folder, and other tests build the same kinds of kernels without it.
    """
    command = compiler()
    if command is None or len(command) != 1:
        return None
    version = subprocess.run([*command, "-v"], capture_output=True, text=True, check=False).stderr
    if "gcc version" not in version:
        return None
    key = sha256(repr((command, version, FLAGS, HEADERS, KINDS)).encode()).hexdigest()[:16]
    built = folder / key
    wrapper, header = built / "c++", built / "headers.h"
    if not wrapper.exists():
        (built / "headers.h.gch").mkdir(parents=True, exist_ok=True)
        _write(header, "".join(f"#include <{name}>\n" for name in HEADERS))
        for kind, flags in KINDS.items():
            _precompile((*command, *FLAGS, *flags, "-fopenmp"), header, f"{kind}.gch")
        _write(wrapper, WRAPPER.format(compiler=command[0], header=header))
    return wrapper


def _write(path: Path, text: str) -> None:
    """Write a program or a header; another process may do the same."""
    with NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o755)
    Path(file.name).replace(path)


def _precompile(command: tuple[str, ...], header: Path, name: str) -> None:
    """Precompile the header; g++ chooses among the files of the folder beside it."""
    with TemporaryDirectory(dir=header.parent) as folder:
        result = Path(folder, name)
        subprocess.run([*command, "-x", "c++-header", str(header), "-o", str(result)], check=True)
        result.replace(header.parent / "headers.h.gch" / name)
