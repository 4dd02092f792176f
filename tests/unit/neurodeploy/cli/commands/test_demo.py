"""`demo`: what it passes on, prints and returns; the demo itself has its own tests."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from neurodeploy.report import LayerSummary, Link, Report, Status
from neurodeploy.target import targets
from tests.unit.neurodeploy.cli.helpers import Caller, refused

LAYER = LayerSummary("conv1", "CubaLIF", (2,), 2, 5, 0.5)


def report(status: Status) -> Report:
    link = Link("golden = lava", status, compared=10, spikes=5, reason="said so")
    return Report("demo", (link,), (LAYER,), accuracies={"float": 0.98, "chip": 0.97})


@pytest.mark.parametrize(
    ("status", "code"), [(Status.EQUAL, 0), (Status.DIFFERS, 1), (Status.NOT_RUN, 4)]
)
def test_prints_the_report_and_its_place(
    call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: Status, code: int
) -> None:
    asked: list[tuple[Sequence[str], Path]] = []

    def run_demo(targets: Sequence[str], out: Path, progress: Callable[[str], None]) -> Report:
        asked.append((targets, out))
        progress("training")
        return report(status)

    monkeypatch.setattr("neurodeploy.demo.run_demo", run_demo)
    done = call("demo", "--target", "loihi", "-t", "loihi", "--out", tmp_path)
    assert asked == [(["loihi"], tmp_path)]
    assert done.code == code
    assert "98.00 %" in done.out
    assert done.out.endswith(f"report: {tmp_path / 'report.html'}\n")
    assert "training" in done.err
    document = call("demo", "--json", "--out", tmp_path).document
    assert document["accuracies"] == {"float": 0.98, "chip": 0.97}
    assert document["files"] == {"report": str(tmp_path / "report.html")}
    # Lava's chip has the grid that the demo trains on by default.
    others = [name for name in targets() if name not in ("loihi", "xylo")]
    assert asked[1][0] == ["loihi", *others]


def test_a_target_without_neurons_that_leak_is_refused_before_training(
    call: Caller, tmp_path: Path
) -> None:
    done = call("demo", "-t", "xylo", "--out", tmp_path / "out")
    refused(done, 3, "xylo has neurons of its own alone")
    assert "training" not in done.err


def test_an_unknown_target_is_told_before_anything_is_done(call: Caller, tmp_path: Path) -> None:
    refused(call("demo", "-t", "nope", "--out", tmp_path / "out"), 2, "there are: c, loihi")
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_a_file_is_told_at_once(call: Caller, here: Path) -> None:
    refused(call("demo", "--out", "model.pt"), 2, "model.pt: is a file")


def test_a_place_that_cannot_be_written_is_told_before_anything_is_trained(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurodeploy.demo.run_demo", lambda *_: pytest.fail("it began"))
    refused(call("demo", "--out", "/dev/null/folder"), 2, "/dev/null/folder: cannot be written")
