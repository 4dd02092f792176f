"""The compiler that pip installs builds every kind of kernel, and they compute what torch does."""

import os
import sys
from pathlib import Path

import pytest

from neurodeploy.sandbox.environments.environment import simulators_folder
from tests.packaging.index import pinned, plain_environment, run, uv
from tests.packaging.tree import ROOT

# Training's kernels, and CUDA C that runs on the CPU.
KERNELS = (
    "tests/unit/snncore/kernels/cpp/test_cpp.py::test_it_is_eager_torch[CubaLIF]",
    "tests/unit/snncore/kernels/inline/test_shapes.py::test_several_inputs_and_outputs",
)
# With --full, the integer engine's, which are of the same words, and those that build longest.
MORE = (
    "tests/unit/neurodeploy/simulator/test_fast.py::test_neurons_that_only_their_biases_drive",
    "tests/unit/snncore/kernels/cpp/test_cpp.py::test_it_is_eager_torch[Izhikevich]",
)
LIBRARY = "libc++.a"
FOUND = "from snncore.kernels.cpp.build import compiler; print(*compiler() or ('none',))"


@pytest.fixture(scope="module")
def without_compilers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a process that finds no compiler on its PATH, and kernels of no one else."""
    folder = tmp_path_factory.mktemp("no-compiler")
    (folder / "bin").mkdir()
    return plain_environment(
        CXX="", PATH=str(folder / "bin"), PYTHONPATH=str(ROOT), XDG_CACHE_HOME=str(folder / "cache")
    )


@pytest.mark.timeout(600)
def test_ziglang_builds_kernels(
    without_compilers: dict[str, str], full: bool, tmp_path: Path
) -> None:
    python = (sys.executable, "-c", FOUND)
    assert run(python, tmp_path, without_compilers).strip() == "none"
    run((uv(), "pip", "install", "-q", "--target", tmp_path / "zig", pinned("ziglang")), tmp_path)
    path = os.pathsep.join((str(ROOT), str(tmp_path / "zig")))
    # What zig makes once, for every kernel, may stay: its judge of C made it when it was installed.
    cache = simulators_folder() / "zig" / "zig-cache"
    before = set(cache.rglob(LIBRARY))
    kept = {"ZIG_GLOBAL_CACHE_DIR": str(cache), "PYTHONPATH": path}
    variables = without_compilers | kept
    assert "cpp/zig.py" in run(python, tmp_path, variables)
    # A cache of its own, so that every kernel is built.
    anew = ("-o", f"cache_dir={tmp_path / 'pytest'}", "--timeout=540")
    kernels = (*KERNELS, *(MORE if full else ()))
    said = run((sys.executable, "-m", "pytest", "-q", *anew, *kernels), ROOT, variables)
    assert f"{len(kernels)} passed" in said
    # None of them needs zig's C++ library, which takes minutes to build.
    assert set(cache.rglob(LIBRARY)) == before
