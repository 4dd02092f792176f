"""However a worker ends, no process and no shared memory of it is left."""

import os
import signal
import time
from pathlib import Path

import pytest

from neurodeploy.errors import SimulatorError
from neurodeploy.sandbox import Call, Environment, Limits, run_many, run_worker
from tests.unit.neurodeploy.sandbox.helpers import processes_with, started, wait_until

SHARED = Path("/dev/shm")


def test_children_do_not_outlive_a_worker_that_ends(plain: Environment) -> None:
    lines: list[str] = []
    run_worker(plain, {"do": "litter"}, progress=lines.append)
    assert lines == ["littered"]


def test_children_do_not_outlive_a_worker_that_is_killed(plain: Environment, token: str) -> None:
    seen: list[int] = []

    def count(line: str) -> None:
        seen.append(len(processes_with(token)))

    with pytest.raises(SimulatorError, match="time limit"):
        run_worker(plain, {"do": "litter", "wait": 60}, limits=Limits(seconds=4), progress=count)
    # the guard, the worker, its child and its grandchild
    assert seen == [4]


@pytest.mark.parametrize("tracked", [True, False])
@pytest.mark.parametrize(("wait", "code"), [(1.0, 0), (1.0, 3), (60, 0)])
def test_shared_memory_is_removed(
    plain: Environment, tracked: bool, wait: float, code: int
) -> None:
    names: list[str] = []
    existed: list[bool] = []

    def note(name: str) -> None:
        names.append(name)
        existed.append((SHARED / name).exists())

    job = {"do": "leak", "tracked": tracked, "wait": wait, "code": code}
    with pytest.raises(SimulatorError):
        run_worker(plain, job, limits=Limits(seconds=4), progress=note)
    assert len(names) == 1
    assert existed == [True]
    assert not (SHARED / names[0]).exists()


ONE = "run_worker(environment(), {'do': 'litter', 'wait': 60})"
MANY = "run_many(environment(), [Call({'do': 'litter', 'wait': 60})] * 3, jobs=2)"


@pytest.mark.parametrize(("code", "workers"), [(ONE, 1), (MANY, 2)])
@pytest.mark.parametrize("times", [1, 3])
def test_interrupt_ends_workers(
    plain: Environment, token: str, code: str, workers: int, times: int
) -> None:
    with started(code) as script:
        wait_until(lambda: len(processes_with(token)) == 1 + 4 * workers)
        for _ in range(times):
            script.send_signal(signal.SIGINT)
            time.sleep(0.02)
        _, words = script.communicate(timeout=20)
    assert b"KeyboardInterrupt" in words
    assert script.returncode == -signal.SIGINT
    assert processes_with(token) == []


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.1, 0.25])
def test_interrupt_at_any_moment(plain: Environment, token: str, delay: float) -> None:
    code = f"import os; os.write(2, b'ready\\n'); {ONE}"
    with started(code) as script:
        assert script.stderr is not None
        assert script.stderr.readline() == b"ready\n"
        time.sleep(delay)
        script.send_signal(signal.SIGINT)
        assert script.wait(timeout=20) == -signal.SIGINT
    assert processes_with(token) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_worker_ends_with_the_process_that_started_it(
    plain: Environment, token: str, number: int
) -> None:
    job = "{'do': 'leak', 'tracked': True, 'wait': 60, 'code': 0}"
    say = "lambda name: os.write(2, name.encode() + b'\\n')"
    with started(f"import os; run_worker(environment(), {job}, progress={say})") as script:
        assert script.stderr is not None
        segment = SHARED / script.stderr.readline().decode().strip()
        assert segment.is_file()
        assert len(processes_with(token)) == 4
        os.kill(script.pid, number)
        script.wait()
    wait_until(lambda: processes_with(token) == [])
    assert not segment.exists()


def test_many_run_side_by_side(plain: Environment, tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    jobs = [{"do": "meet", "folder": str(meeting), "name": name} for name in "ab"]
    assert len(run_many(plain, [Call(job, limits=Limits(60)) for job in jobs], jobs=2)) == 2


def test_many_come_back_in_order(plain: Environment) -> None:
    calls = [Call({"do": "echo", "say": number}) for number in range(5)]
    results = run_many(plain, calls, jobs=3)
    assert [result.result["said"] for result in results] == [0, 1, 2, 3, 4]


def test_first_failure_ends_the_others(plain: Environment) -> None:
    calls = [Call({"do": "hang"}), Call({"do": "leave", "code": 3}), Call({"do": "hang"})]
    began = time.monotonic()
    with pytest.raises(SimulatorError, match="exit code 3"):
        run_many(plain, calls, jobs=2)
    assert time.monotonic() - began < 20
