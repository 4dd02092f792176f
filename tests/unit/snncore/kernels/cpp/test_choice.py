"""Which backend runs, why the others do not, and how a kernel is built."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from snncore import layer, neuron
from snncore.kernels.cpp import backend as cpp
from snncore.kernels.cpp import build as cpp_build

X = torch.randn(4, 2, 3)


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpp, "compiler", lambda: None)


def test_auto_takes_cpp_on_a_cpu() -> None:
    module = neuron.LIF()
    module(X)
    assert module.backend_report().chosen == "cpp"


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_auto_says_why() -> None:
    network = torch.nn.Sequential(neuron.LIF(), neuron.IF(backend="torch"))
    network(X)
    report = layer.backend_report(network)
    assert list(report) == ["0", "1"]
    assert report["0"].chosen == "torch"
    assert "CXX" in report["0"].refused["cpp"]
    assert "CXX" in str(report["0"])
    assert not report["1"].refused


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_cpp_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"LIF: cpp: no C\+\+ compiler"):
        neuron.LIF(backend="cpp")(X)


def test_a_compiler_that_makes_nothing_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "c++"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    module = neuron.LIF()
    module(X)
    assert module.backend_report().chosen == "torch"
    assert "no C++ compiler" in module.backend_report().refused["cpp"]


def test_another_device_is_refused() -> None:
    with pytest.raises(ValueError, match="the input is on meta"):
        neuron.LIF(backend="cpp")(X.to("meta"))


def test_triton_needs_a_gpu_and_is_read_without_one() -> None:
    with pytest.raises(ValueError, match="LIF: triton: runs on a CUDA device"):
        neuron.LIF(backend="triton")(X)
    text = neuron.LIF().source("triton")
    assert "def forward(" in text
    assert "def backward(" in text


def compiled(folder: Path) -> list[Path]:
    """Return the libraries in the cache, each of which has its checksum beside it."""
    # What is known of compilers lies beside them.
    files = sorted((folder / "neurodeploy" / "kernels").glob("*.so*"))
    libraries = [path for path in files if path.suffix == ".so"]
    assert len(files) == 2 * len(libraries)
    return libraries


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


SOURCE = 'extern "C" int answer() { return 42; }\n'


def test_a_kernel_is_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cpp_build.load(SOURCE).answer() == 42
    assert len(compiled(folder)) == 1

    def refuse(*_: Any) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(cpp_build, "compile_library", refuse)
    assert cpp_build.load(SOURCE).answer() == 42
    with pytest.raises(AssertionError):
        cpp_build.load(SOURCE.replace("42", "43"))


@pytest.mark.usefixtures("folder")
def test_flags_and_compiler_are_part_of_the_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: list[Callable[[], None]] = [
        lambda: monkeypatch.setattr(cpp_build, "FLAGS", (*cpp_build.FLAGS, "-O1")),
        lambda: monkeypatch.setattr(cpp_build, "version", lambda _: "another"),
        lambda: monkeypatch.setattr(cpp_build, "processor", lambda: "another"),
    ]
    for count, change in enumerate(changes, 1):
        cpp_build.load(SOURCE)
        assert len(compiled(folder)) == count
        change()


def test_a_refused_source_leaves_nothing_and_is_explained(folder: Path) -> None:
    with pytest.raises(cpp_build.CompilerError, match=r"kernel\.cpp:1:.*nonsense"):
        cpp_build.load("nonsense;\n")
    assert compiled(folder) == []
