"""Installing: whole or not at all, one at a time, and what is there is told truly."""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from neurodeploy.errors import OutputError, SimulatorError, SimulatorMissingError, ValidationError
from neurodeploy.sandbox import Environment, Extra, State, check, install, remove, status
from tests.unit.neurodeploy.sandbox.helpers import environment, processes_with, started, wait_until

ABSENT = "no-such-package-anywhere==1.0"


@pytest.fixture
def simulators(tmp_path: Path) -> Path:
    """Return the folder of this test's environments."""
    return tmp_path / "cache/simulators"


def names(folder: Path) -> list[str]:
    """Return the content of a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_install_check_remove(simulators: Path) -> None:
    env = environment()
    assert status(env).state is State.MISSING
    lines: list[str] = []
    there = install(env, progress=lines.append)
    assert there.state is State.INSTALLED
    assert there == status(env)
    assert there.python == sys.version.split()[0]
    assert there.path == simulators / "plain"
    assert names(simulators) == ["plain"]
    assert lines[0].startswith(f"plain: Plain takes 0 MB in {there.path}")
    assert check(env).result["said"] == "ready"
    assert remove(env) is True
    assert remove(env) is False
    assert names(simulators) == []
    assert status(env).state is State.MISSING


def test_installed_is_left_alone_unless_asked(plain: Environment) -> None:
    record = plain.path / "environment.json"
    before = record.stat().st_mtime_ns
    lines: list[str] = []
    install(plain, progress=lines.append)
    assert record.stat().st_mtime_ns == before
    assert len(lines) == 1
    install(plain, reinstall=True)
    assert record.stat().st_mtime_ns > before


@pytest.mark.usefixtures("quick")
def test_failed_pip_leaves_nothing(simulators: Path) -> None:
    lines: list[str] = []
    with pytest.raises(SimulatorError, match="pip ended with exit code 1: ERROR") as caught:
        install(
            environment(requirements=(ABSENT,)), pip_args=("--no-index",), progress=lines.append
        )
    assert "no-such-package-anywhere" in caught.value.log
    assert any("no-such-package-anywhere" in line for line in lines)
    # Nor the folders that were made for it.
    assert not simulators.parent.exists()


def test_failed_self_test_keeps_what_was_there(simulators: Path) -> None:
    install(environment())
    before = (simulators / "plain/environment.json").read_text()
    with pytest.raises(SimulatorError, match="this net is not good"):
        install(environment(self_test={"do": "complain"}), reinstall=True)
    assert names(simulators) == ["plain"]
    assert (simulators / "plain/environment.json").read_text() == before


@pytest.mark.usefixtures("quick")
def test_full_adds_what_is_extra(simulators: Path) -> None:
    extra = Extra((ABSENT,), download_mb=7, disk_mb=9)
    env = environment(full=extra)
    install(env)
    assert status(env).state is State.INSTALLED
    lines: list[str] = []
    with pytest.raises(SimulatorError, match="pip"):
        install(env, full=True, pip_args=("--no-index",), progress=lines.append)
    assert "takes 9 MB" in lines[0]
    assert "about 7 MB" in lines[0]
    assert status(env).full is False


def test_missing_python_leaves_nothing(simulators: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEURODEPLOY_PYTHON_3_10", "/nonsense")
    with pytest.raises(SimulatorMissingError, match="/nonsense"):
        install(environment(python="3.10"))
    # Nor the folders that were made for it.
    assert not simulators.parent.exists()


def test_too_little_space(simulators: Path) -> None:
    with pytest.raises(OutputError, match=r"Plain needs 1000000000 MB, but only \d+ MB are free"):
        install(environment(disk_mb=10**9))
    # Nor the folders that were made for it.
    assert not simulators.parent.exists()


def test_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        install(environment())
    assert "NEURODEPLOY_CACHE" in str(caught.value)


def test_only_one_installs_at_a_time(simulators: Path) -> None:
    lines: list[str] = []
    threads = [
        threading.Thread(target=install, args=(environment(),), kwargs={"progress": lines.append})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("creating an environment" in line for line in lines) == 1
    assert sum("waiting" in line for line in lines) == 2
    assert sum("installed in" in line for line in lines) == 3
    assert names(simulators) == ["plain"]


def test_remains_of_killed_installs_are_cleared(simulators: Path) -> None:
    (simulators / ".building-plain-99999999/venv").mkdir(parents=True)
    (simulators / ".building-other-99999999").mkdir()
    install(environment())
    assert names(simulators) == [".building-other-99999999", "plain"]


@pytest.mark.parametrize("delay", [0.0, 0.3, 1.0])
def test_interrupt_leaves_nothing(simulators: Path, token: str, delay: float) -> None:
    code = f"install(environment(requirements=({ABSENT!r},)), pip_args=('--retries=9',))"
    with started(code) as script:
        wait_until(lambda: simulators.exists() and any(simulators.glob(".building-*")))
        time.sleep(delay)
        script.send_signal(signal.SIGINT)
        _, words = script.communicate(timeout=20)
    assert b"KeyboardInterrupt" in words
    assert processes_with(token) == []
    assert not simulators.parent.exists()


def broken_pins(path: Path) -> None:
    record = json.loads((path / "environment.json").read_text())
    record["requirements"] = ["numpy==1.0"]
    (path / "environment.json").write_text(json.dumps(record))


def broken_record(path: Path) -> None:
    (path / "environment.json").write_text("[")


def gone_record(path: Path) -> None:
    (path / "environment.json").unlink()


def gone_python(path: Path) -> None:
    for link in (path / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/python")


BREAKS = {
    broken_pins: "other packages than this version needs: numpy==1.0",
    broken_record: "record cannot be read",
    gone_record: "record cannot be read",
    gone_python: "its Python is gone",
}


@pytest.mark.parametrize("break_it", BREAKS)
def test_broken_is_seen_and_mended(break_it: Callable[[Path], None]) -> None:
    env = environment()
    install(env)
    break_it(env.path)
    there = status(env)
    assert there.state is State.BROKEN
    assert BREAKS[break_it] in there.problem
    assert there.remedy == "neurodeploy simulators install plain"
    with pytest.raises(SimulatorMissingError, match="Plain: "):
        check(env)
    assert install(env).state is State.INSTALLED
    assert check(env).result["said"] == "ready"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "../up"}, "not a name for an environment"),
        ({"python": "3"}, "not like '3.10'"),
        ({"requirements": ("numpy",)}, "'numpy' is not pinned"),
        ({"full": Extra(("torch>=2",), 1, 1)}, "'torch>=2' is not pinned"),
    ],
)
def test_environments_mean_what_they_say(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        environment(**changes)
