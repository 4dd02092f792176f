"""The search for a Python of a given version on this machine."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from neurodeploy.errors import SimulatorMissingError
from neurodeploy.sandbox.environments.environment import clean_environment
from neurodeploy.sandbox.folder import private_folder
from neurodeploy.sandbox.process.tree import ProcessTree

_PATIENCE_S = 10.0
_POLL_S = 0.02
_PROBE = """
import sys, venv, ensurepip
print(sys.implementation.name, "%d.%d" % sys.version_info[:2])
print(getattr(sys, "_base_executable", None) or sys.executable)
"""


def find_python(version: str) -> Path:
    """Return a CPython of that version which can create virtual environments.

    Raises: SimulatorMissingError, which lists the searched folders and says how to install one.
    """
    variable = "NEURODEPLOY_PYTHON_" + version.replace(".", "_")
    chosen = os.environ.get(variable)
    if chosen:
        path = _probe((chosen,), version)
        if path is None:
            raise SimulatorMissingError(
                f"{variable} names {chosen}, which is not a working CPython {version} with venv",
                remedy=f"let it name one, or unset it to search for Python {version}",
            )
        return path
    for command in _candidates(version):
        path = _probe(command, version)
        if path is not None:
            return path
    raise SimulatorMissingError(
        f"no Python {version} found in PATH, in {_pyenv_root() / 'versions'} (pyenv), "
        f"in {_uv_folder()} (uv) or through the launcher py",
        remedy=f"install one (`uv python install {version}` or `pyenv install {version}`), "
        f"or let {variable} name one",
    )


def find_first(versions: Sequence[str]) -> Path:
    """Return a CPython of the first version that this machine has.

    Raises: SimulatorMissingError if there is none; says how to get one of the first version.
    """
    first, *others = versions
    try:
        return find_python(first)
    except SimulatorMissingError:
        for version in others:
            with suppress(SimulatorMissingError):
                return find_python(version)
        raise


def _candidates(version: str) -> Iterator[tuple[str, ...]]:
    named = os.environ.get("PATH", "").split(os.pathsep)
    folders = [Path(folder).absolute() for folder in named if folder]
    for name in (f"python{version}", "python3", "python"):
        for folder in folders:
            # One name at a time: a broken shim may hide a working Python further down the path.
            if path := shutil.which(name, path=str(folder)):
                yield (path,)
    program = "python.exe" if sys.platform == "win32" else f"bin/python{version}"
    for folder in sorted(_pyenv_root().glob(f"versions/{version}*"), reverse=True):
        yield (str(folder / program),)
    for folder in sorted(_uv_folder().glob(f"cpython-{version}*"), reverse=True):
        yield (str(folder / program),)
    if answer := _ask(("uv", "python", "find", "--system", version)):
        yield (answer[-1],)
    if sys.platform == "win32":
        yield ("py", f"-{version}")


def _pyenv_root() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")


def _uv_folder() -> Path:
    if chosen := os.environ.get("UV_PYTHON_INSTALL_DIR"):
        return Path(chosen)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "uv" / "python"


def _probe(command: tuple[str, ...], version: str) -> Path | None:
    answer = _ask((*command, "-I", "-c", _PROBE))
    if len(answer) >= 2 and answer[-2] == f"cpython {version}":
        return Path(answer[-1])
    return None


def _ask(command: tuple[str, ...]) -> list[str]:
    """Return a command's output by line, or nothing if it is missing, fails or does not answer."""
    with private_folder() as folder:
        environment = clean_environment()
        tree = ProcessTree(command, folder=folder, environment=environment, scratch=folder)
        deadline = time.monotonic() + _PATIENCE_S
        try:
            with tree:
                while tree.poll() and time.monotonic() < deadline:
                    time.sleep(_POLL_S)
        except OSError:
            return []
        return tree.log.splitlines() if tree.exit_code == 0 else []
