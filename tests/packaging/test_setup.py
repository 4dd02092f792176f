"""`make` sets the environment up, or says what is in the way and leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.index import VERSIONS, plain_environment
from tests.packaging.tree import ROOT

PYTHON = f"PYTHON={sys.executable}"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with what the set-up reads, and no environment."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder: Path, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run make there, with all that it prints as one text."""
    return subprocess.run(
        ("make", *words),
        cwd=folder,
        env=plain_environment(MAKEFLAGS="", **changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def write_wheel(folder: Path, name: str, version: str, *needs: str) -> None:
    """Write a wheel with nothing in it but what it needs."""
    about = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {need}" for need in needs]
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{about}/METADATA", "\n".join(lines))
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")


def test_a_clash_is_named_and_nothing_is_left(clone: Path) -> None:
    wheels = clone / "wheels"
    wheels.mkdir()
    write_wheel(wheels, "torch", "2.13.0", "triton==3.7.1")
    write_wheel(wheels, "triton", "3.7.1")
    write_wheel(wheels, "triton", "3.6.0")
    write_wheel(wheels, "hatchling", "1.33.0")
    (clone / "constraints.txt").write_text("torch==2.13.0\ntriton==3.6.0\n", "utf-8")
    done = make(clone, "demo", PYTHON, PIP_ARGS=f"--no-index --find-links {wheels}")
    assert done.returncode != 0
    assert "torch 2.13.0 depends on triton==3.7.1" in done.stdout
    assert "(constraint) triton==3.6.0" in done.stdout
    assert "The set-up failed" in done.stdout
    assert not (clone / ".venv").exists()


# What runs in a shell's background ignores Ctrl-C, and so would all that it starts.
_LISTENING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, id="SIGTERM", marks=pytest.mark.thorough),
    ],
)
def test_a_stopped_set_up_leaves_nothing(number: signal.Signals, clone: Path) -> None:
    # An index that takes the question and never answers.
    with socket.create_server(("127.0.0.1", 0)) as index:
        words = f"--index-url http://127.0.0.1:{index.getsockname()[1]}/ --timeout 200"
        with subprocess.Popen(
            (sys.executable, "-c", _LISTENING, "make", "demo", PYTHON),
            cwd=clone,
            env=plain_environment(MAKEFLAGS="", PIP_ARGS=words, TMPDIR=str(clone)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            asked, _ = index.accept()
            assert (clone / ".venv").is_dir()
            # A terminal sends its signals to everyone in the foreground.
            os.killpg(process.pid, number)
            process.communicate(timeout=60)
        # pip has ended: nobody else held the other end.
        asked.settimeout(60)
        while asked.recv(4096):
            pass
        asked.close()
    assert process.returncode != 0
    assert {path.name for path in clone.iterdir()} == {
        "Makefile",
        "constraints.txt",
        "pyproject.toml",
    }


def test_a_python_that_is_not_there_is_named(clone: Path) -> None:
    done = make(clone, "demo", "PYTHON=/no/such/python")
    assert done.returncode != 0
    assert "/no/such/python" in done.stdout
    for version in VERSIONS:
        assert version in done.stdout
    assert not (clone / ".venv").exists()


def test_a_python_may_be_named_by_its_version(clone: Path) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    others = [each for each in VERSIONS if each != version]
    said = make(clone, "-n", "demo", f"PYTHON={version}").stdout
    assert f"python{version}" in said
    assert not any(f"python{other} " in said for other in others)


def test_an_older_python_is_refused(clone: Path) -> None:
    older = clone / "python"
    older.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    older.chmod(0o755)
    done = make(clone, "demo", f"PYTHON={older}")
    assert done.returncode != 0
    assert str(older) in done.stdout
    assert not (clone / ".venv").exists()
