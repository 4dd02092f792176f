"""The command line with the real Lava: equal, within limits, and gone when it is interrupted."""

import os
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

import numpy as np
import pytest

from tests.unit.neurodeploy.cli.helpers import (
    COMMAND,
    Caller,
    environment,
    interrupted,
    run,
    tree,
    write_inputs,
)
from tests.unit.neurodeploy.sandbox.helpers import TOKEN, processes_with, wait_until

pytestmark = pytest.mark.usefixtures("lava")
VERIFY = ("verify", "artifact", "--random", "64,50,0.4,1")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the inputs in it."""
    folder = tmp_path / "here"
    folder.mkdir()
    write_inputs(folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Caller:
    """Return what runs commands in this process; the interrupted ones run in their own."""
    return Caller(capsys)


def test_every_link_is_equal(here: Path, call: Caller) -> None:
    words = ("export", "model.pt", "-t", "loihi", "--verify", "--samples", "samples.npz")
    done = call(*words, "--simulator", "lava", "--json")
    assert done.code == 0, done
    report = done.document["report"]
    assert [link["status"] for link in report["links"]] == ["equal"] * 4
    assert report["links"][3]["name"] == "golden = lava"
    assert report["links"][3]["spikes"] > 0
    assert report["accuracies"]["chip"] == report["accuracies"]["quantized"]


def test_the_simulator_is_an_engine(here: Path, call: Caller, full: bool) -> None:
    paths = ("model.pt", "artifact/network.net", "artifact")
    for path in paths if full else paths[:2]:
        words = ("run", path, "--samples", "samples.npz", "--trace")
        for engine in ("golden", "lava"):
            assert call(*words, "--engine", engine, "-o", f"{engine}.npz").code == 0
        with np.load("golden.npz") as golden, np.load("lava.npz") as lava:
            assert set(golden) == set(lava)
            assert golden["output"].any()
            assert all(np.array_equal(golden[name], lava[name]) for name in golden)


@pytest.mark.parametrize("limit", [("--time-limit", "0.05"), ("--memory-limit", "10")])
def test_an_overrun_proves_nothing(here: Path, call: Caller, limit: tuple[str, str]) -> None:
    done = call(*VERIFY, *limit, "--json")
    assert done.code == 4
    link = done.document["links"][3]
    assert link["status"] == "not run"
    assert "limit" in link["reason"]


@pytest.mark.parametrize(
    ("number", "code", "jobs"),
    [
        (signal.SIGINT, 130, "2"),
        pytest.param(signal.SIGTERM, 143, "1", marks=pytest.mark.thorough),
        pytest.param(signal.SIGINT, 130, "1", marks=pytest.mark.thorough),
        pytest.param(signal.SIGTERM, 143, "2", marks=pytest.mark.thorough),
    ],
)
def test_interrupted(here: Path, number: int, code: int, jobs: str) -> None:
    before = tree(here)
    words = (*VERIFY, "--jobs", jobs, "--report", "report")
    done = interrupted(": step ", *words, by=number)
    assert done.code == code
    assert done.err.splitlines()[-1] == "error: interrupted"
    assert done.out == ""
    assert tree(here) == before


def test_killed(here: Path) -> None:
    """Lava runs several processes; none outlives the command, nor its folder."""
    token = uuid.uuid4().hex
    with tempfile.TemporaryDirectory() as folder:
        variables = {"TMPDIR": folder, TOKEN: token}
        with subprocess.Popen(
            [*COMMAND, *VERIFY, "--jobs", "2"],
            env=environment(**variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            while ": step " not in (line := process.stderr.readline()):
                assert line
            # The command, two guards, two workers, and what Lava starts in each.
            assert len(processes_with(token)) > 5
            assert len(os.listdir(folder)) == 2
            process.kill()
        wait_until(lambda: processes_with(token) == [])
        assert os.listdir(folder) == []
        assert run("verify", "artifact", "--random", "8,4,0.4,1", **variables).code == 0
        assert os.listdir(folder) == []
