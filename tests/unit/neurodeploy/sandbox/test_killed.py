"""Nothing outlives a killed command; the next run removes the folders that it left behind."""

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from neurodeploy.sandbox import Environment, install, run_worker, tidy
from neurodeploy.sandbox.process import tree
from snncore.scratch import MARK
from tests.unit.neurodeploy.sandbox.helpers import (
    environment,
    processes_with,
    started,
    wait_until,
)

GUARD = Path(tree.__file__).with_name("guard.py")


def guards(token: str) -> list[psutil.Process]:
    """Return the guards among a test's processes."""
    return [each for each in processes_with(token) if str(GUARD) in each.cmdline()]


def kill(process: subprocess.Popen[bytes], token: str, *, guard_too: bool) -> None:
    """Kill a command, and at the same moment its guards, who cannot tidy up then."""
    os.kill(process.pid, signal.SIGSTOP)
    if guard_too:
        for guard in guards(token):
            guard.kill()
    process.kill()
    process.wait()


@contextmanager
def silent_index() -> Iterator[tuple[str, socket.socket]]:
    """Serve a package index that accepts questions and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(120)
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple", server


INSTALL = """
begin_with(Path({prepared!r}))
install(environment(requirements=("nothing==1.0",)), pip_args=("--index-url", {url!r}))
"""


@pytest.mark.parametrize("guard_too", [False, True])
def test_killed_install(tmp_path: Path, token: str, with_pip: Path, guard_too: bool) -> None:
    simulators = tmp_path / "cache/simulators"
    with (
        silent_index() as (url, server),
        started(INSTALL.format(prepared=str(with_pip), url=url)) as script,
    ):
        # pip has asked, so it is running and waits for an answer.
        question, _ = server.accept()
        assert len(list(simulators.glob(".building-*"))) == 1
        kill(script, token, guard_too=guard_too)
        wait_until(lambda: processes_with(token) == [])
        question.close()
    assert len(list(simulators.glob(".building-*"))) == (1 if guard_too else 0)
    tidy()
    assert list(simulators.iterdir()) == []


DEAF_DAEMON = """
run_worker(environment(), {'do': 'desert', 'wait': 60}, progress=lambda _: os.write(2, b'ready\\n'))
"""


@pytest.mark.parametrize("guard_too", [False, True])
def test_killed_run(plain: Environment, token: str, guard_too: bool) -> None:
    """The worker's children ignore signals and have left its session."""
    with started(f"import os{DEAF_DAEMON}") as script:
        assert script.stderr is not None
        assert script.stderr.readline() == b"ready\n"
        (folder,) = scratch_folders()
        # The script, the guard, the worker, its child, and a grandchild whose parent is dead.
        assert len(processes_with(token)) == 5
        kill(script, token, guard_too=guard_too)
        if guard_too:
            # The worker dies with its guard; nobody is left to find its children.
            wait_until(lambda: len(processes_with(token)) == 2)
            for each in processes_with(token):
                each.kill()
        wait_until(lambda: processes_with(token) == [])
    assert folder.exists() == guard_too
    run_worker(plain, {"do": "echo", "say": ""})
    assert scratch_folders() == []


def test_killed_before_it_has_a_guard(plain: Environment) -> None:
    code = "with private_folder(): os.kill(os.getpid(), signal.SIGKILL)"
    with started(f"import os\nfrom neurodeploy.sandbox.folder import private_folder\n{code}") as it:
        assert it.wait() == -signal.SIGKILL
    assert len(scratch_folders()) == 1
    run_worker(plain, {"do": "echo", "say": ""})
    assert scratch_folders() == []


def test_a_fork_of_the_owner_keeps_nothing_alive(plain: Environment, token: str) -> None:
    code = (
        "import os\nnote = lambda _: (os.fork() == 0 and time.sleep(600), os.write(2, b'.\\n'))\n"
    )
    with started(f"{code}run_worker(environment(), {{'do': 'hang'}}, progress=note)") as script:
        assert script.stderr is not None
        while script.stderr.readline() != b".\n":
            pass
        (guard,) = guards(token)
        kill(script, token, guard_too=False)
        wait_until(lambda: not guard.is_running())
        (fork,) = processes_with(token)
        fork.kill()
        wait_until(lambda: processes_with(token) == [])
    assert scratch_folders() == []


def test_what_lives_is_not_swept(plain: Environment) -> None:
    code = "run_worker(environment(), {'do': 'hang'}, progress=lambda _: os.write(2, b'ready\\n'))"
    with started(f"import os\n{code}") as script:
        assert script.stderr is not None
        assert script.stderr.readline() == b"ready\n"
        (folder,) = scratch_folders()
        run_worker(plain, {"do": "echo", "say": ""})
        assert (folder / MARK).exists()
        script.send_signal(signal.SIGINT)
        script.communicate(timeout=20)
    assert scratch_folders() == []


def scratch_folders() -> list[Path]:
    """List the scratch folders."""
    return list(Path(os.environ["TMPDIR"]).glob("nd-*"))


def test_a_program_that_cannot_be_started_is_told_as_one_that_failed(tmp_path: Path) -> None:
    tree = importlib.import_module("neurodeploy.sandbox.process.tree")
    for command, words in ((tmp_path / "gone", "No such file"), (tmp_path, "Permission denied")):
        running = tree.ProcessTree([str(command)], environment=dict(os.environ))
        with running:
            while running.poll():
                pass
        assert running.exit_code == 127
        assert re.search(words, running.log)


@pytest.fixture
def guard() -> ModuleType:
    """Load the guard's script as a module."""
    spec = importlib.util.spec_from_file_location("guard_under_test", GUARD)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("listing", ["/proc", "/nowhere"])
def test_descendants_are_found_in_every_listing(
    guard: ModuleType, monkeypatch: pytest.MonkeyPatch, listing: str
) -> None:
    """On systems without /proc, the guard asks ps."""
    monkeypatch.setattr(guard, "_PROC", listing)
    inner = "import time; print(flush=True); time.sleep(600)"
    tracker = "multiprocessing.resource_tracker"
    outer = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}, {tracker!r}])"
    )
    with subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (child,) = psutil.Process(process.pid).children()
        descendants = dict(guard._descendants())
        for each in (child, process):
            each.kill()
        process.wait()
        # Nobody of ours waits for it.
        child.wait(timeout=20)
    assert (descendants[process.pid], descendants[child.pid]) == (True, True)


def test_a_killed_installer_does_not_bar_the_next(tmp_path: Path) -> None:
    simulators = tmp_path / "cache/simulators"
    simulators.mkdir(parents=True)
    (simulators / ".lock-plain").touch()
    (simulators / ".lock-other").touch()
    install(environment())
    assert [each.name for each in simulators.iterdir()] == ["plain"]
