"""A g++ that reads the headers of CUDA C on the CPU precompiled: half of each build's time."""

import subprocess
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from snncore.kernels.cpp.build import FLAGS, compiler
from snncore.kernels.launch import on_cpu

# Every header that such a text includes.
HEADERS = ("cmath", "cstddef", "cstdint", "cstring", "ucontext.h", "vector")
# Only such kernels: anything else has other flags, with which g++ would read the headers anew.
WRAPPER = """#!/bin/sh
case "$*" in *"{flags}"*kernel.cpp*) exec {compiler} -include "{header}" "$@" ;; esac
exec {compiler} "$@"
"""


def fast_compiler(folder: Path) -> Path | None:
    """Return a compiler that kernels are built with in less time, or None where g++ is not used.

    It is kept in the folder, and other tests build kernels without it.
    """
    command = compiler()
    if command is None or len(command) != 1:
        return None
    version = subprocess.run([*command, "-v"], capture_output=True, text=True, check=False).stderr
    if "gcc version" not in version:
        return None
    key = sha256(repr((command, version, FLAGS, HEADERS, WRAPPER)).encode()).hexdigest()[:16]
    built = folder / key
    wrapper, header = built / "c++", built / "headers.h"
    if not wrapper.exists():
        (built / "headers.h.gch").mkdir(parents=True, exist_ok=True)
        _write(header, "".join(f"#include <{name}>\n" for name in HEADERS))
        _precompile((*command, *FLAGS, *on_cpu._FLAGS, "-fopenmp"), header)
        text = WRAPPER.format(compiler=command[0], header=header, flags=" ".join(on_cpu._FLAGS))
        _write(wrapper, text)
    return wrapper


def _write(path: Path, text: str) -> None:
    """Write a program or a header; another process may do the same."""
    with NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o755)
    Path(file.name).replace(path)


def _precompile(command: tuple[str, ...], header: Path) -> None:
    """Precompile the header; g++ finds it in the folder beside it."""
    with TemporaryDirectory(dir=header.parent) as folder:
        result = Path(folder, "on_cpu.gch")
        subprocess.run([*command, "-x", "c++-header", str(header), "-o", str(result)], check=True)
        result.replace(header.parent / "headers.h.gch" / result.name)
