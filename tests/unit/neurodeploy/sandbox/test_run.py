"""One job in one worker: what comes back, and what is said of a worker that fails."""

import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import (
    OutputError,
    SimulatorError,
    SimulatorMissingError,
    ValidationError,
)
from neurodeploy.sandbox import Environment, Limits, run_worker
from tests.unit.neurodeploy.sandbox.helpers import ROOT, environment


def test_result_and_arrays_come_back(plain: Environment) -> None:
    arrays = {"a": np.arange(6).reshape(2, 3), "b.c": np.array(2.5)}
    job = {"do": "echo", "say": {"n": [1, None]}, "arrays": list(arrays)}
    lines: list[str] = []
    answer = run_worker(plain, job, arrays, progress=lines.append)
    assert answer.result["said"] == {"n": [1, None]}
    assert sorted(answer.arrays) == ["a.again", "b.c.again"]
    assert np.array_equal(answer.arrays["a.again"], arrays["a"])
    assert answer.arrays["b.c.again"] == 2.5
    assert lines == ["one", "two lines"]


def test_worker_lives_apart_from_us(plain: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("VIRTUAL_ENV", "/nowhere")
    result = run_worker(plain, {"do": "echo", "say": ""}).result
    assert result["ours"] is False
    assert not any(Path(path).is_relative_to(ROOT) for path in result["path"])
    assert result["session"] != os.getsid(0)
    assert result["input"] == ""
    assert {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}.isdisjoint(result["variables"])


def test_missing_environment_says_how_to_install_it() -> None:
    with pytest.raises(SimulatorMissingError, match="not installed") as caught:
        run_worker(environment(), {"do": "echo"})
    assert caught.value.remedy == "neurodeploy simulators install plain"


def test_what_a_worker_raises_is_passed_on(plain: Environment) -> None:
    with pytest.raises(SimulatorError, match="Plain: ValueError: this net is not good") as caught:
        run_worker(plain, {"do": "complain"})
    assert "in complain" in caught.value.log


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ({"do": "die", "signal": "SIGKILL"}, r"crashed \(killed by SIGKILL\): last words"),
        ({"do": "die", "signal": "SIGSEGV"}, r"crashed \(killed by SIGSEGV\)"),
        ({"do": "leave", "code": 3}, r"crashed \(exit code 3\): last words"),
        ({"do": "relapse"}, r"crashed \(exit code 3\)"),
        ({"do": "leave", "code": 0}, "finished without a result"),
        ({"do": "truncate"}, "its result cannot be read: JSONDecodeError"),
        ({"do": "spoil", "where": "header"}, "its result cannot be read: ValueError"),
        ({"do": "spoil", "where": "data"}, "its result cannot be read: ValueError"),
    ],
)
def test_failures_have_different_words(
    plain: Environment, job: dict[str, object], words: str
) -> None:
    with pytest.raises(SimulatorError, match=words) as caught:
        run_worker(plain, job, {"x": np.arange(100)})
    if "words" in words or job["do"] == "leave":
        assert caught.value.log.endswith("last words")


def test_array_that_would_run_code_is_not_read(plain: Environment, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    with pytest.raises(SimulatorError, match="Object arrays cannot be loaded"):
        run_worker(plain, {"do": "spoil", "where": "pickle", "trap": str(trap)})
    assert not trap.exists()


def test_time_limit(plain: Environment) -> None:
    lines: list[str] = []
    began = time.monotonic()
    with pytest.raises(SimulatorError, match="time limit of 3 s"):
        run_worker(plain, {"do": "hang"}, limits=Limits(seconds=3), progress=lines.append)
    assert 3 < time.monotonic() - began < 15
    assert lines == ["hanging"]


def test_memory_limit_holds_for_all_processes_together(plain: Environment) -> None:
    limits = Limits(seconds=60, memory_mb=400)
    with pytest.raises(SimulatorError, match=r"memory limit: .* of 400 MB"):
        run_worker(plain, {"do": "eat", "mb": 300}, limits=limits)


def test_memory_that_is_shared_counts_once(plain: Environment) -> None:
    limits = Limits(seconds=60, memory_mb=250)
    assert run_worker(plain, {"do": "share", "mb": 100}, limits=limits).result["held"] == 100 << 20


def test_garbage_does_no_harm(plain: Environment) -> None:
    answer = run_worker(plain, {"do": "chatter", "mb": 40})
    assert answer.log.endswith("last words")
    assert len(answer.log) < 1 << 16


def test_names_of_arrays_stay_in_their_folder(plain: Environment) -> None:
    with pytest.raises(ValidationError, match=r"'\.\./a' is not a name"):
        run_worker(plain, {"do": "echo"}, {"../a": np.zeros(1)})


def test_limits_are_positive() -> None:
    with pytest.raises(ValidationError, match="positive"):
        Limits(seconds=0)


def test_sockets_have_room_below_a_folder_with_a_long_name(
    plain: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("y" * 90)
    long.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert run_worker(plain, {"do": "connect"}).result == {"held": [1, 2]}


def test_no_folder_for_temporary_files(plain: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/absent")
    with pytest.raises(OutputError, match="no folder for temporary files"):
        run_worker(plain, {"do": "echo"})


def test_full_disk(plain: Environment) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(OutputError, match="job cannot be written"):
            run_worker(plain, {"do": "echo"}, {"x": np.zeros(1 << 20)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
