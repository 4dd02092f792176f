"""The examples of the training library run, and learn what they say."""

import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[4] / "examples"


@pytest.fixture
def printed(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the output of the example that the test is named after."""
    name = request.node.name.removeprefix("test_")
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    return capsys.readouterr().out


def numbers(text: str) -> list[float]:
    """All numbers in a text."""
    return [float(found) for found in re.findall(r"\d+(?:\.\d+)?", text)]


def line(text: str, start: str) -> list[float]:
    """The numbers behind the start of a line."""
    (found,) = (part for part in text.splitlines() if part.startswith(start))
    return numbers(found.removeprefix(start))


def test_ann_to_snn(printed: str) -> None:
    rights = re.findall(r"^(ANN|SNN, T = +\d+) +([\d.]+) %", printed, re.M)
    found = {name: float(value) for name, value in rights}
    assert found["ANN"] > 97
    assert found["SNN, T =  8"] >= found["ANN"] - 2
    assert found["SNN, T = 32"] >= found["ANN"] - 0.5


def test_train_digits(printed: str) -> None:
    assert line(printed, "accuracy")[0] >= 97
    assert "nJ an image" in printed


def test_stdp(printed: str) -> None:
    assert line(printed, "those two steps before")[0] > 0.95
    assert line(printed, "those two steps after")[0] < 0.05
    assert printed.endswith("in steps [8]\n")


def test_online_learning(printed: str) -> None:
    assert line(printed, "accuracy")[0] >= 93


def test_recurrent(printed: str) -> None:
    assert line(printed, "without recurrence")[0] < 60
    assert line(printed, "with recurrence")[0] > 95


def test_events_to_frames(printed: str) -> None:
    assert line(printed, "accuracy")[0] > 95


def test_distributed(printed: str) -> None:
    assert "goes on with update 20" in printed
    assert line(printed, "accuracy")[0] > 85
