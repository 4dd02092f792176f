"""`neurodeploy conformance` runs the kit's programs, and says what a target does not do."""

import json
from pathlib import Path
from typing import Any

import pytest

from neurodeploy.flow.sharing.tasks import Tasks
from neurodeploy.target import target
from neurodeploy.testing.shared import conformance
from neurodeploy.testing.suite import suite
from tests.unit.neurodeploy.cli.helpers import Caller, refused


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A suite of a few programs: one that ONNX takes, and one that it refuses."""
    whole, chip = suite("onnx"), target("onnx")
    taken = {name: not chip.check(case.program) for name, case in whole.items()}
    names = [next(n for n in taken if taken[n]), next(n for n in taken if not taken[n])]
    monkeypatch.setattr(conformance, "suite", lambda _: {name: whole[name] for name in names})
    return names


def test_programs_are_taken_or_refused(few: list[str], call: Caller, tmp_path: Path) -> None:
    done = call("conformance", "onnx", "--jobs", "1", "--keep", tmp_path / "kept", "--json")
    assert done.code == 0
    taken, other = done.document["programs"]
    assert [taken["program"], other["program"]] == few
    assert taken["simulators"]["onnxruntime"] == "equal"
    assert taken["problems"] == []
    assert other["refused"]
    assert done.document["taken"] == 1
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_defect_is_named(few: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    chip: Any = target("onnx")
    wrong = suite("onnx")[few[0]].program
    monkeypatch.setattr(type(chip), "read", lambda *_: suite("onnx")[few[1]].program)
    rows = conformance.conformed("onnx", Tasks())
    assert any(problem.startswith("read: ") for problem in rows[0].problems), wrong.sha256
    assert json.dumps([row.problems for row in rows])


def test_an_unknown_target(call: Caller) -> None:
    refused(call("conformance", "moon"), 2, "moon")
