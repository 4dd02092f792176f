"""The folder between this process and a worker: its files, and the results it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import OutputError, SimulatorError, ValidationError
from neurodeploy.sandbox.exchange import Exchange

NAMES = ("weights", "n0.w1", "_a-b", "7")
NO_NAMES = ("", "../x", "a/b", ".hidden", "-x", "a b", "x\n", "é")


def laid_out(folder: Path) -> Exchange:
    exchange = Exchange(folder)
    arrays = {name: np.arange(count + 1) for count, name in enumerate(NAMES)}
    exchange.write({"steps": 3}, arrays)
    return exchange


def test_a_job_is_files_that_a_worker_reads_without_us(tmp_path: Path) -> None:
    exchange = laid_out(tmp_path)
    assert json.loads((tmp_path / "job.json").read_text("utf-8")) == {"steps": 3}
    for count, name in enumerate(NAMES):
        array = np.load(tmp_path / "in" / f"{name}.npy", allow_pickle=False)
        assert np.array_equal(array, np.arange(count + 1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "job.json", "out", "tmp"]
    assert exchange.progress == tmp_path / "progress"
    assert not exchange.has_result


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_stays_in_its_folder_both_ways(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="is not a name for an array"):
        Exchange(tmp_path).write({}, {name: np.zeros(1)})
    assert list(tmp_path.iterdir()) == []
    exchange = laid_out(tmp_path)
    with pytest.raises(
        SimulatorError, match=r"its result cannot be read: .* not a name for an array"
    ):
        handed(exchange, {"result": {}, "arrays": [name]})


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"lost: the simulator's job cannot be written") as caught:
        Exchange(tmp_path / "lost").write({}, {})
    assert "TMPDIR" in str(caught.value.remedy)


def handed(exchange: Exchange, document: Any) -> Any:
    """Return the result of a worker that wrote these files."""
    text = document if isinstance(document, str) else json.dumps(document)
    (exchange.folder / "result.json").write_text(text, encoding="utf-8")
    assert exchange.has_result
    return exchange.read("The chip", "it printed")


def test_what_a_worker_hands_over(tmp_path: Path) -> None:
    exchange = laid_out(tmp_path)
    np.save(tmp_path / "out" / "s.npy", np.eye(2))
    outcome = handed(exchange, {"result": {"spikes": 2}, "arrays": ["s"]})
    assert (outcome.result, outcome.log, list(outcome.arrays)) == (
        {"spikes": 2},
        "it printed",
        ["s"],
    )
    assert np.array_equal(outcome.arrays["s"], np.eye(2))


def test_an_error_of_its_own_comes_with_all_that_it_said(tmp_path: Path) -> None:
    exchange = laid_out(tmp_path)
    with pytest.raises(SimulatorError) as caught:
        handed(exchange, {"error": "no such layer", "trace": "line 3", "result": {}, "arrays": []})
    assert str(caught.value) == "The chip: no such layer"
    assert caught.value.log == "it printed\nline 3"
    with pytest.raises(SimulatorError) as caught:
        handed(exchange, {"error": "no such layer"})
    assert caught.value.log == "it printed"


OBJECTS = np.array([{"a": 1}], dtype=object)
DAMAGED: dict[str, Any] = {
    "no JSON": "{",
    "a list": [],
    "words": '"error"',
    "nothing of arrays": {"result": {}},
    "nothing of a result": {"arrays": []},
    "a result that is a number": {"result": 3, "arrays": []},
    "an array that is not there": {"result": {}, "arrays": ["lost"]},
    "a name that is a number": {"result": {}, "arrays": [3]},
    "Python's objects": {"result": {}, "arrays": ["objects"]},
    "an array cut off": {"result": {}, "arrays": ["cut"]},
    "an array of no bytes": {"result": {}, "arrays": ["empty"]},
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_is_one_error(name: str, tmp_path: Path) -> None:
    exchange = laid_out(tmp_path)
    np.save(tmp_path / "out" / "objects.npy", OBJECTS, allow_pickle=True)
    np.save(tmp_path / "out" / "cut.npy", np.zeros(100))
    (tmp_path / "out" / "empty.npy").touch()
    whole = (tmp_path / "out" / "cut.npy").read_bytes()
    (tmp_path / "out" / "cut.npy").write_bytes(whole[:200])
    with pytest.raises(SimulatorError, match="The chip: its result cannot be read: ") as caught:
        handed(exchange, DAMAGED[name])
    assert (caught.value.log, caught.value.remedy) == ("it printed", "see the worker's output")
