"""Helpers of the sandbox's tests: an environment without packages, and searches for leftovers."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from neurodeploy.sandbox import Environment
from neurodeploy.sandbox.build import Build

ROOT = Path(__file__).parents[4]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
VARIABLE = f"NEURODEPLOY_PYTHON_{VERSION.replace('.', '_')}"
TOKEN = "NEURODEPLOY_TEST_TOKEN"


def environment(**changes: Any) -> Environment:
    """Return an environment of this Python that needs no packages."""
    fields: dict[str, Any] = {
        "name": "plain",
        "title": "Plain",
        "python": VERSION,
        "worker": Path(__file__).with_name("misbehaving.py"),
        "self_test": {"do": "echo", "say": "ready"},
    }
    return Environment(**(fields | changes))


def begin_with(prepared: Path, patch: Callable[[object, str, object], None] = setattr) -> None:
    """Let installations begin with a copy of an environment with pip: making one takes seconds."""
    make = Build._create

    def copied(self: Build, python: Path, *, with_pip: bool) -> None:
        if with_pip:
            shutil.copytree(prepared, self.venv, symlinks=True, copy_function=os.link)
        else:
            make(self, python, with_pip=False)

    patch(Build, "_create", copied)


def processes_with(token: str) -> list[psutil.Process]:
    """Return the living processes that inherited this token from a test."""
    processes = []
    for number in psutil.pids():
        try:
            if _has_token(number, token):
                processes.append(psutil.Process(number))
        except (psutil.Error, OSError):
            continue
    return processes


def _has_token(number: int, token: str) -> bool:
    """Return whether a process's environment has this token; tests ask it of all, many times."""
    if sys.platform != "linux":
        return psutil.Process(number).environ().get(TOKEN) == token
    variables = Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
    return f"{TOKEN}={token}".encode() in variables


def is_zombie(process: psutil.Process) -> bool:
    """Return whether a process has ended and nobody has waited for it."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something that happens soon."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@contextmanager
def started(code: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program that uses the sandbox as a user's would, to interrupt it."""
    header = (
        "from tests.unit.neurodeploy.sandbox.helpers import *\nfrom neurodeploy.sandbox import *\n"
    )
    # In a shell's background job, the children of tests ignore interrupts.
    header += "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    command = [sys.executable, "-c", header + code]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as script:
        try:
            yield script
        finally:
            script.kill()
