"""Tasks give the same results with one worker and with many, here and on a Ray cluster."""

import json
import os
from pathlib import Path

import pytest
import ray

from neurodeploy.errors import SimulatorError, ValidationError
from neurodeploy.flow.sharing.parcel import digest
from neurodeploy.flow.sharing.tasks import Tasks
from tests.unit.neurodeploy.flow.sharing import working
from tests.unit.neurodeploy.flow.sharing.working import (
    always_dies,
    dies_once,
    read_files,
    refuses,
    square,
)


@pytest.fixture(autouse=True)
def _by_value() -> None:
    """A cluster's workers cannot import a module of tests."""
    ray.cloudpickle.register_pickle_by_value(working)


def test_a_killed_worker_costs_its_tasks_only(tmp_path: Path) -> None:
    items = [{"number": number, "mark": str(tmp_path / "mark")} for number in range(6)]
    lines: list[str] = []
    results = Tasks(2, tmp_path / "kept", lines.append).run(dies_once, items)
    assert [each["square"] for each in results] == [number**2 for number in range(6)]
    assert any("a worker was lost" in line for line in lines)
    assert os.getpid() not in {each["process"] for each in results}
    with pytest.raises(SimulatorError, match="workers were lost 3 times"):
        Tasks(2).run(always_dies, items)


def test_a_stopped_run_goes_on_from_what_it_kept(tmp_path: Path) -> None:
    items = [{"number": number} for number in range(3)]
    first = Tasks(1, tmp_path).run(square, items)
    (one, two, _) = sorted(tmp_path.iterdir())
    kept = json.loads(one.read_text())
    one.write_text(json.dumps(kept | {"square": -1}))
    two.write_text("{")
    again = Tasks(1, tmp_path).run(square, items)
    # One was read, the damaged one was computed again.
    assert sorted(each["square"] for each in again)[0] == -1
    assert len([each for each in again if each in first]) == 2


def test_no_cluster_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    # Other tests may have connected this process.
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(SimulatorError, match="no Ray cluster answers") as caught:
        Tasks(cluster="127.0.0.1:9").run(square, [{"number": 1}])
    assert "ray start --head" in str(caught.value.remedy)


def test_a_worker_that_a_cluster_loses_costs_its_task_only(tmp_path: Path, cluster: str) -> None:
    items = [{"number": number, "mark": str(tmp_path / "mark")} for number in range(6)]
    lines: list[str] = []
    results = Tasks(progress=lines.append, cluster=cluster).run(dies_once, items)
    assert [each["square"] for each in results] == [number**2 for number in range(6)]
    assert lines.count("a worker was lost: its task goes to another one") == 1
    assert lines[-1] == "6 of 6 tasks are done"
    with pytest.raises(SimulatorError, match="the workers of task 0 were lost 3 times"):
        Tasks(cluster=cluster).run(always_dies, items[:1])


def test_an_error_on_a_cluster_is_the_error_here(cluster: str) -> None:
    with pytest.raises(ValidationError, match="seven is not a number") as caught:
        Tasks(cluster=cluster).run(refuses, [{"number": 7}])
    assert caught.value.remedy == "try eight"


def test_files_travel_by_their_content(tmp_path: Path, cluster: str) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "folder" / "inner" / "a").write_text("a")
    (tmp_path / "file.txt").write_text(f"content of {tmp_path}")
    paths = {"file": tmp_path / "file.txt", "folder": tmp_path / "folder"}
    item = {
        "files": {name: str(path) for name, path in paths.items()},
        "digests": {name: digest(path) for name, path in paths.items()},
    }
    (result,) = Tasks(cluster=cluster).run(read_files, [item])
    assert result["text"] == f"content of {tmp_path}"
    assert result["folder"] == ["inner", "inner/a"]
    assert Path(result["path"]).name == "file.txt"
    assert not result["path"].startswith(str(tmp_path))
