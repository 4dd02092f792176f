"""Jobs in a process of our own Python: it imports what we import, within the usual limits."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import SimulatorError
from neurodeploy.sandbox import Call, Limits, run_in_own_python

WORKER = Path(__file__).with_name("misbehaving.py")


def test_a_job_is_done_in_a_process_of_its_own() -> None:
    said: list[str] = []
    job = {"do": "echo", "say": "ready", "arrays": ["x"]}
    call = Call(job, {"x": np.arange(3)})
    answer = run_in_own_python("Ours", WORKER, call, progress=said.append)
    assert answer.result["said"] == "ready"
    assert answer.result["session"]
    assert answer.arrays["x.again"].tolist() == [0, 1, 2]
    assert said == ["one", "two lines"]


def test_it_gets_our_path_and_no_variable_that_bends_a_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setattr(sys, "path", [*sys.path, os.sep + "beside", ""])
    result = run_in_own_python("Ours", WORKER, Call({"do": "where"})).result
    assert result["path"] == [entry for entry in sys.path if entry]
    assert result["prefix"] == sys.prefix
    assert not result["variable"]


def test_a_job_that_hangs_is_ended() -> None:
    with pytest.raises(SimulatorError, match="Ours: stopped at its time limit of 2 s"):
        run_in_own_python("Ours", WORKER, Call({"do": "hang"}, limits=Limits(seconds=2)))


def test_a_job_that_eats_memory_is_ended() -> None:
    limits = Limits(seconds=60, memory_mb=400)
    with pytest.raises(SimulatorError, match=r"Ours: stopped at its memory limit"):
        run_in_own_python("Ours", WORKER, Call({"do": "eat", "mb": 300}, limits=limits))
