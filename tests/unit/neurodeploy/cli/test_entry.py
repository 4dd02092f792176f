"""The way in and out: help, usage, errors of every kind, and streams that are gone or full."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from neurodeploy.cli.commands import targets
from neurodeploy.cli.outcome import Outcome
from neurodeploy.cli.output import Streams
from tests.unit.neurodeploy.cli.helpers import COMMAND, Caller, environment, refused, run

COMMANDS = ("demo", "targets", "inspect", "export", "verify", "run", "simulators", "doctor")


def test_help_names_every_command(call: Caller) -> None:
    done = call("--help")
    assert done.code == 0
    assert all(f"\n  {name}" in done.out for name in COMMANDS)
    assert call().out == done.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(call: Caller, name: str) -> None:
    done = call(name, "--help")
    assert done.code == 0
    assert "--json" in done.out
    assert "--debug" in done.out


def test_help_imports_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "neurodeploy", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "neurodeploy.cli" in imported
    assert not imported & {"torch", "numpy", "h5py", "onnx", "neurodeploy.target", "snncore"}


def test_version(call: Caller) -> None:
    number = call("--version", "--json").document["version"]
    assert call("--version").out == f"neurodeploy {number}\n"
    assert number[0].isdigit()


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["bogus"], "No such command 'bogus'"),
        (["exprot"], "Did you mean 'export'?"),
        (["export"], "Missing argument 'MODEL'"),
        (["export", "m.pt"], "--target"),
        (["export", "m.pt", "-t", "loihi", "--nonsense"], "--nonsense"),
        (["--json", "--version", "targets"], "--version"),
        (["simulators", "bogus"], "bogus"),
    ],
)
def test_usage(call: Caller, words: list[str], fragment: str) -> None:
    plain = [word for word in words if word != "--json"]
    refused(call(*plain), 2, fragment, "--help")
    done = call(*plain, "--json")
    assert done.document["error"]["exit_code"] == done.code == 2
    assert fragment in done.document["error"]["message"]


def _raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def targets_that_fail() -> None:
        raise error

    monkeypatch.setattr("neurodeploy.target.targets", targets_that_fail)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ZeroDivisionError("two\nlines"), 70, "unexpected ZeroDivisionError: two"),
        (MemoryError(), 2, "there is not enough memory"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory"),
            2,
            "there is not enough memory",
        ),
        (OSError(28, "No space left on device", "a.bin"), 2, "a.bin: No space left"),
        (PermissionError(13, "Permission denied", "b.bin"), 2, "b.bin: Permission denied"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (SystemExit(0), 70, "unexpected SystemExit"),
    ],
)
def test_exceptions_become_words(
    call: Caller, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str
) -> None:
    _raising(monkeypatch, error)
    done = call("targets")
    assert done.code == code
    assert done.errors[0].startswith(f"error: {message}")
    assert "Traceback" not in done.err
    error_document = call("targets", "--json").document["error"]
    assert error_document["exit_code"] == code
    assert error_document["message"].startswith(message)


def test_debug_brings_the_traceback(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, ZeroDivisionError("by zero"))
    for words in (["--debug", "targets"], ["targets", "--debug"]):
        done = call(*words)
        assert "Traceback (most recent call last)" in done.err
        assert "targets_that_fail" in done.err
        assert len(done.errors) == 1


def test_an_interrupt_within_another_error_is_an_interrupt(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ImportError("initialization failed")
    error.__cause__ = KeyboardInterrupt()
    _raising(monkeypatch, error)
    assert call("targets").code == 130


def test_names_cannot_steer_the_terminal(call: Caller) -> None:
    done = call("inspect", "a\x1b[31m\nb.pt")
    refused(done, 2, r"a\x1b[31m\nb.pt")


def test_a_reader_that_leaves_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    for words in (["targets"], ["targets", "--json"], ["--help"]):
        done = subprocess.run(
            [*COMMAND, *words], stdout=write, stderr=subprocess.PIPE, env=environment(), check=False
        )
        assert done.returncode == 141
        assert done.stderr == b""
    os.close(write)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_stdout_is_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "targets"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "error: standard output: cannot be written: No space left on device\n"


@pytest.mark.parametrize("closed", [1, 2])
def test_a_stream_that_is_closed_is_no_error(closed: int) -> None:
    done = subprocess.run(
        [*COMMAND, "targets"],
        env=environment(),
        stdout=subprocess.PIPE if closed == 2 else None,
        preexec_fn=lambda: os.close(closed),
        check=False,
    )
    assert done.returncode == 0


def test_json_in_any_locale(here: Path) -> None:
    words = ("verify", "m\u00fcller\udcff.net")
    done = run(*words, "--json", PYTHONIOENCODING="ascii")
    assert done.code == 2
    assert "there is no such file" in done.document["error"]["message"]
    refused(run(*words, PYTHONIOENCODING="ascii"), 2, r"m\xfcller\udcff.net")


def test_colours_on_terminals_alone(here: Path) -> None:
    ours, theirs = pty.openpty()
    variables = environment(TERM="xterm-256color")
    variables.pop("NO_COLOR", None)
    subprocess.run(
        [*COMMAND, "inspect", "artifact"],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=variables,
        check=True,
    )
    assert b"\x1b[32m" in os.read(ours, 1 << 16)
    os.close(ours)
    os.close(theirs)
    assert "\x1b" not in run("inspect", "artifact").out


def test_stdout_of_a_json_run_holds_the_document_alone(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noisy() -> dict[str, object]:
        sys.stdout.write("noise")
        return {}

    monkeypatch.setattr("neurodeploy.target.targets", noisy)
    done = call("targets", "--json")
    assert done.document == {"targets": []}
    assert "noise" in done.err


def test_a_command_is_not_run_while_it_is_parsed() -> None:
    command = targets.targets(json=False, debug=False)
    outcome = command(Streams())
    assert isinstance(outcome, Outcome)
    assert json.dumps(outcome.document)
