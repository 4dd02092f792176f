"""CUDA C of these tests is built with precompiled headers, of the same flags as without."""

import os
import subprocess
from pathlib import Path

import pytest

from snncore.kernels.cpp.build import FLAGS
from snncore.kernels.launch import on_cpu


@pytest.mark.parametrize("flags", [on_cpu._FLAGS, ()])
def test_gcc_takes_the_headers_where_the_flags_are_the_same(
    flags: tuple[str, ...], tmp_path: Path
) -> None:
    # As the fixture of all tests of kernels sets it.
    fast = Path(os.environ.get("CXX", ""))
    if not fast.with_name("headers.h").is_file():
        pytest.skip("not run: the compiler is not g++, or CXX names one")
    (tmp_path / "kernel.cpp").write_text("#include <vector>\n")
    words = (*FLAGS, *flags, "-fopenmp", "-H", "kernel.cpp", "-o", "kernel.so")
    done = subprocess.run([fast, *words], cwd=tmp_path, capture_output=True, text=True, check=True)
    precompiled = f"! {fast.with_name('headers.h.gch')}/on_cpu.gch" in done.stderr
    assert precompiled == bool(flags)
    assert str(fast.with_name("headers.h")) in done.stderr or not flags
