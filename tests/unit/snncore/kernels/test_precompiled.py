"""Kernels of these tests are built with precompiled headers, of the same flags as without."""

import os
import subprocess
from pathlib import Path

import pytest

from snncore.kernels.cpp.build import FLAGS
from tests.unit.snncore.kernels.precompiled import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_gcc_takes_the_headers_of_each_kind(kind: str, tmp_path: Path) -> None:
    # As the fixture of all tests of kernels sets it.
    fast = Path(os.environ.get("CXX", ""))
    if not fast.with_name("headers.h").is_file():
        pytest.skip("not run: the compiler is not g++, or CXX names one")
    (tmp_path / "kernel.cpp").write_text("#include <vector>\n")
    words = (*FLAGS, *KINDS[kind], "-fopenmp", "-H", "kernel.cpp", "-o", "kernel.so")
    done = subprocess.run([fast, *words], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"! {fast.with_name('headers.h.gch')}/{kind}.gch" in done.stderr
