"""The package index as the packaging tests ask it: plain, without what this machine adds."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from neurodeploy.errors import SimulatorMissingError
from neurodeploy.sandbox import find_python
from tests.packaging.tree import ROOT

CONSTRAINTS = ROOT / "constraints.txt"
# The Pythons that this project is made for, oldest first.
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
_OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
# The cases of a test for each: `make test` runs that of its own Python and that of the newest.
EACH = [
    pytest.param(v, marks=() if v in (_OURS, VERSIONS[-1]) else pytest.mark.thorough)
    for v in VERSIONS
]
_UNREACHED = (
    "(this test asks the public package index; where that cannot be reached, nothing was shown)"
)
# Where a machine may keep wheels of its own, or say what it likes better.
_EXTRAS = ("FIND_LINKS", "CONSTRAINT", "EXTRA_INDEX_URL", "ARGS", "NO_INDEX", "INDEX", "OFFLINE")


def plain_environment(**changes: str) -> dict[str, str]:
    """Return the variables of a process that sees the index alone, and no packages of ours."""
    dropped = {f"{tool}_{name}" for tool in ("PIP", "UV") for name in _EXTRAS}
    dropped |= {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    alone = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}
    return kept | alone | changes


def run(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None
) -> str:
    """Return what a command prints; it sees the plain index unless told otherwise."""
    variables = plain_environment() if environment is None else environment
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    said = f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, f"{said}\n{_UNREACHED}"
    return done.stdout


def uv() -> Path:
    """Return the uv that stands beside this Python."""
    return Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")


def python_of(version: str) -> Path | None:
    """Return a Python of that version on this machine, if there is one."""
    if version == _OURS:
        return Path(sys.executable)
    try:
        return find_python(version)
    except SimulatorMissingError:
        return None


def pinned(name: str) -> str:
    """Return a package at the version that constraints.txt names."""
    lines = CONSTRAINTS.read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(f"{name}==")]
    return line
