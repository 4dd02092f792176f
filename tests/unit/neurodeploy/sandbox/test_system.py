"""Programs of the system: those on PATH are used, others need apt-get, and say so without it."""

from pathlib import Path
from typing import Any

import pytest

from neurodeploy.errors import SimulatorError, SimulatorMissingError
from neurodeploy.sandbox.environments.system import SystemPrograms, missing_in, unpack

NEEDED = SystemPrograms(("surely-not-here",), ("a-package",))


def failing(*command: str) -> str:
    raise SimulatorError("no network", log="unreachable")


def script(folder: Path, name: str) -> None:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


def test_programs_on_path_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_in(NEEDED, tmp_path) == NEEDED.programs
    script(tmp_path, NEEDED.programs[0])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing_in(NEEDED, tmp_path) == ()
    unpack("It", NEEDED, tmp_path, tmp_path, failing)


def test_a_system_without_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulatorMissingError, match="It needs surely-not-here") as error:
        unpack("It", NEEDED, tmp_path, tmp_path, failing)
    assert "install a-package with the system's own packages" in str(error.value.remedy)


def test_apt_without_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("apt-get", "dpkg"):
        script(tmp_path, name)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulatorMissingError, match="cannot download a-package") as error:
        unpack("It", NEEDED, tmp_path, tmp_path, failing)
    assert error.value.log == "unreachable"


def test_new_lists_are_fetched_where_the_systems_are_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("apt-get", "dpkg"):
        script(tmp_path, name)
    monkeypatch.setenv("PATH", str(tmp_path))
    commands: list[tuple[str, ...]] = []

    def step(*command: str) -> Any:
        commands.append(command)
        if len(commands) == 1:
            raise SimulatorError("unable to locate package")
        return ""

    unpack("It", NEEDED, tmp_path, tmp_path, step)
    _, update, download = commands
    lists = f"-oDir::State::Lists={tmp_path / 'packages' / 'lists'}"
    assert update == ("apt-get", lists, "update")
    assert download[-1] == lists
