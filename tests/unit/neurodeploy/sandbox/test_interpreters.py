"""Finding a Python: the ones that work are found, the broken ones skipped."""

import os
import sys
from pathlib import Path

import pytest

from neurodeploy.errors import SimulatorMissingError
from neurodeploy.sandbox import find_first, find_python
from neurodeploy.sandbox.environments import interpreters
from tests.unit.neurodeploy.sandbox.helpers import VARIABLE, VERSION

BASE = Path(sys._base_executable)


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Simulate a machine without any Python."""
    for name in (VARIABLE, "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(interpreters, "_PATIENCE_S", 2.0)
    (tmp_path / "bin").mkdir()
    return tmp_path


def script(path: Path, text: str) -> None:
    """Write a shell script in place of a Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_none_says_where_it_looked_and_how_to_get_one(nowhere: Path) -> None:
    with pytest.raises(SimulatorMissingError) as caught:
        find_python("3.10")
    words = str(caught.value)
    for part in ("no Python 3.10", "PATH", str(nowhere / "home/.pyenv/versions"), "uv"):
        assert part in words
    assert "pyenv install 3.10" in words
    assert "NEURODEPLOY_PYTHON_3_10" in words
    assert caught.value.exit_code == 4


def test_empty_path_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SimulatorMissingError, match=r"no Python 3\.10"):
        find_python("3.10")


def test_variable_comes_first_and_must_be_right(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(nowhere / f"bin/python{VERSION}", "exit 1")
    monkeypatch.setenv(VARIABLE, sys.executable)
    assert find_python(VERSION).samefile(BASE)
    monkeypatch.setenv("NEURODEPLOY_PYTHON_3_10", "/nonsense")
    with pytest.raises(SimulatorMissingError, match="NEURODEPLOY_PYTHON_3_10 names /nonsense"):
        find_python("3.10")
    monkeypatch.setenv("NEURODEPLOY_PYTHON_3_10", sys.executable)
    with pytest.raises(SimulatorMissingError, match=r"not a working CPython 3\.10"):
        find_python("3.10")


@pytest.mark.parametrize("broken", ["exit 127", "sleep 30", "echo cpython 3.99; echo /nowhere"])
def test_path_past_a_shim_that_fails(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    script(nowhere / f"shims/python{VERSION}", broken)
    os.symlink(BASE, nowhere / f"bin/python{VERSION}")
    monkeypatch.setenv("PATH", f"{nowhere / 'shims'}:{nowhere / 'bin'}:/usr/bin:/bin")
    assert find_python(VERSION).samefile(BASE)


def test_plain_name_counts_if_it_is_the_version(nowhere: Path) -> None:
    os.symlink(BASE, nowhere / "bin/python3")
    assert find_python(VERSION).samefile(BASE)


@pytest.mark.parametrize(
    "location",
    [
        f".pyenv/versions/{VERSION}.99/bin/python{VERSION}",
        f".local/share/uv/python/cpython-{VERSION}.9-linux/bin/python{VERSION}",
    ],
)
def test_folders_of_pyenv_and_uv(nowhere: Path, location: str) -> None:
    path = nowhere / "home" / location
    path.parent.mkdir(parents=True)
    os.symlink(BASE, path)
    assert find_python(VERSION).samefile(BASE)


def test_uv_is_asked(nowhere: Path) -> None:
    os.symlink(BASE, nowhere / "hidden")
    script(nowhere / "bin/uv", f'[ "$1 $2" = "python find" ] && echo {nowhere / "hidden"}')
    assert find_python(VERSION).samefile(BASE)


def test_another_version_does_where_it_is_named(nowhere: Path) -> None:
    os.symlink(BASE, nowhere / f"bin/python{VERSION}")
    assert find_first(("3.99", VERSION)).samefile(BASE)
    with pytest.raises(SimulatorMissingError, match=r"no Python 3\.99 found"):
        find_first(("3.99", "3.98"))
