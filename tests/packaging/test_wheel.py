"""The wheel ships the four packages whole, and works where nothing else is installed."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.packaging.tree import PACKAGES, ROOT, files


def _run(command: Sequence[str | Path], folder: Path) -> str:
    """What the command prints, run without anything of ours in its environment."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if key not in ours}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir")
    _run((*build, folder, ROOT), folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Iterator[Path]:
    """The scripts of a new environment that holds the wheel and what it requires, no extra."""
    # A gigabyte, so it goes at once, whatever the tests say.
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder)
        _run([sys.executable, "-m", "venv", venv], venv)
        scripts = venv / ("Scripts" if os.name == "nt" else "bin")
        pip = (scripts / "python", "-m", "pip", "install", "-qq", "--no-compile")
        constraints = ROOT / "constraints.txt"
        more = shlex.split(os.environ.get("PIP_ARGS", ""))
        _run((*pip, "-c", constraints, *more, "torch==2.13.0", wheel), venv)
        yield scripts


def test_ships_four_names(wheel: Path) -> None:
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert names == {*PACKAGES, "neurodeploy_toolchain-0.1.0.dist-info"}


def test_ships_every_file(wheel: Path) -> None:
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = {path.relative_to(ROOT).as_posix() for path in files(*PACKAGES)}
    assert shipped == there


def test_works_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    assert "export" in _run([installed / "neurodeploy", "--help"], tmp_path)
    targets = _run([installed / "neurodeploy", "targets", "--json"], tmp_path)
    assert "loihi" in json.dumps(json.loads(targets))
    code = f"import {', '.join(PACKAGES)}\nprint(neurodeploy.__file__)"
    origin = _run([installed / "python", "-c", code], tmp_path).strip()
    assert Path(origin).is_relative_to(installed.parent)
    assert not list(tmp_path.iterdir())
