"""The example of gestures, from its command line: events, training, integers, Lava, one report."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from neurodeploy.sandbox import Environment
from snncore import data, monitor
from tests.unit.snncore.data.test_gestures import recording

SCRIPT = Path(__file__).parents[3] / "examples/gesture_to_loihi.py"
SMALL = ("--quick", "--train", "220", "--test", "66", "--epochs", "7", "--tuning", "2")
TINY = ("--quick", "--train", "33", "--test", "11", "--epochs", "1", "--tuning", "1")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs the example, and returns its exit code and two streams."""

    def run(*words: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--out", str(tmp_path / "out"), *words])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(SCRIPT), run_name="__main__")
        return (left.value.code, *capsys.readouterr())

    return run


# The training takes longest; other networks are trained, quantized and run in Lava without it.
@pytest.mark.thorough
def test_events_become_a_network_that_lava_computes(
    lava: Environment, run: Any, tmp_path: Path
) -> None:
    code, printed, said = run(*SMALL, "--samples", "1", "--json")
    document = json.loads(printed)
    assert code == 0
    assert document["equal"]
    links = {link["name"]: link["status"] for link in document["links"]}
    assert links["golden = lava"] == links["training = golden"] == "equal"
    assert document["layers"][-1]["largest"] > 0
    assert all(layer["spikes"] > 0 for layer in document["layers"][:-1])
    shares = document["accuracies"]
    assert list(shares) == ["chip", "float", "quantized"]
    # Chance is 9 %.
    assert min(shares.values()) > 0.6
    assert shares["chip"] == shares["quantized"]
    for line in ("frames of training events: 220", "epoch 7 of 7: loss", "golden interpreter"):
        assert line in said
    page = (tmp_path / "out/report.html").read_text("utf-8")
    assert page.count(f"{shares['float']:.2%}".replace("%", " %"))
    assert (tmp_path / "out/loihi/network.net").is_file()
    assert (tmp_path / "out/model.pt").is_file()


def test_recordings_take_the_same_way(run: Any, tmp_path: Path) -> None:
    source = data.MovingDigits(22, pixels=128, sensor=data.EventSensor(threshold=1.0))
    for name, samples in (("train", range(11)), ("test", range(11, 22))):
        rows, table = [], ""
        for index in samples:
            events, label = source[index]
            begin = 1_000_000 * (index + 1)
            rows += [(begin + int(t), int(x), int(y), int(p)) for t, x, y, p in events]
            table += f"{label + 1},{begin},{begin + 500_000}\n"
        recording(tmp_path, name, rows, table)
        (tmp_path / f"trials_to_{name}.txt").write_text(f"{name}.aedat\n", "utf-8")
    sizes = ("--quick", "--epochs", "1", "--tuning", "1", "--simulator", "none")
    code, printed, said = run("--data", str(tmp_path), *sizes)
    assert code == 0
    assert "frames of training events: 11\n" in said
    assert "11 test samples of recorded events" in printed
    assert all(f"  {name} " in printed for name in ("float", "quantized", "chip"))


def test_a_folder_without_recordings_is_one_error(run: Any, tmp_path: Path) -> None:
    code, printed, said = run("--data", str(tmp_path / "nowhere"), "--json")
    first, remedy = said.splitlines()
    assert code == 2
    assert first.startswith("error: ")
    assert first.endswith("trials_to_train.txt: DVS Gesture lists its recordings in this file")
    assert "without --data the events are simulated" in remedy
    assert json.loads(printed)["error"]["message"] in first


def test_recordings_without_tonic(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording(tmp_path, "a", [(0, 0, 0, 0), (1, 1, 1, 1)], "1,0,5\n")
    (tmp_path / "trials_to_train.txt").write_text("a.aedat\n", "utf-8")
    monkeypatch.setitem(sys.modules, "tonic", None)
    code, _, said = run("--data", str(tmp_path))
    assert code == 2
    assert "remedy: python -m pip install tonic" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--pixels", "20"), "--pixels: 20 is not a multiple of 8, which three pools need"),
        (("--steps", "0"), "--steps: 0 is not positive"),
    ],
)
def test_sizes_without_sense_are_named(run: Any, words: tuple[str, ...], message: str) -> None:
    code, _, said = run(*words)
    assert code == 2
    assert message in said


def test_a_silent_layer_is_warned_of(run: Any) -> None:
    with pytest.warns(monitor.SilenceWarning, match="never fires on the samples") as warnings:
        code, printed, _ = run(*TINY, "--threshold", "60", "--simulator", "none")
    assert code == 0
    assert "silent" in printed
    assert any("threshold of at most" in str(each.message) for each in warnings)
