"""`doctor` tries what it vouches for: every target writes a small network, or is a problem."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from neurodeploy.cli import trial
from neurodeploy.target import Finding, Severity, target
from tests.unit.neurodeploy.cli.helpers import Caller


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No simulator is installed, so none is broken."""
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path / "cache"))


def problems(call: Caller) -> list[str]:
    """The problems that doctor names, with its exit code held against them."""
    done = call("doctor", "--json")
    listed: list[str] = done.document["problems"]
    assert done.code == (4 if listed else 0)
    return listed


def shows_none(call: Caller) -> bool:
    """Return whether people see no problem, with the exit code held against it."""
    shown = call("doctor")
    none = "problems\n  none" in shown.out
    assert shown.code == (0 if none else 4)
    return none


def test_all_is_well(call: Caller) -> None:
    assert problems(call) == []
    assert shows_none(call)


def test_every_target_takes_the_small_network_whatever_the_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With this seed, random weights were ones that Loihi refuses, so that nothing was tried."""
    written: list[str] = []
    chip = type(target("loihi"))
    real = chip.compile

    def compile_(self: Any, *programs: Any, **options: Any) -> Any:
        written.append(self.name)
        return real(self, *programs, **options)

    monkeypatch.setattr(chip, "compile", compile_)
    torch.manual_seed(215)
    assert list(trial.failures({"loihi": target("loihi")})) == []
    assert written == ["loihi"]


@pytest.mark.parametrize(
    ("package", "names"),
    [("h5py", ["loihi", "nir"]), ("onnx", ["lynxi", "onnx"])],
    ids=["h5py", "onnx"],
)
def test_a_missing_package(
    package: str, names: list[str], call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert problems(call) == [
        f"target {name} cannot write: the target {name} needs {package} "
        f"(python -m pip install {package})"
        for name in names
    ]


def test_a_package_whose_libraries_are_missing(
    call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "libhdf5.so.310: cannot open shared object file"
    (tmp_path / "h5py.py").write_text(f"raise OSError({words!r})\n", "utf-8")
    monkeypatch.delitem(sys.modules, "h5py", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    loihi, nir = problems(call)
    assert not shows_none(call)
    for name, problem in {"loihi": loihi, "nir": nir}.items():
        assert f"target {name} cannot write" in problem
        assert words in problem


def test_a_target_that_does_not_take_the_network_is_no_problem(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError

    refused = Finding(Severity.ERROR, "dense", "the chip has none")
    chip = type(target("loihi"))
    monkeypatch.setattr(chip, "check", lambda *_: (refused,))
    monkeypatch.setattr(chip, "compile", refuse)
    assert problems(call) == []
