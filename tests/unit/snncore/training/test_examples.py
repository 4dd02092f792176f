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
    """Return all numbers in a text."""
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]


def line(text: str, start: str) -> list[float]:
    """Return the numbers behind the start of a line."""
    (text_line,) = (part for part in text.splitlines() if part.startswith(start))
    return numbers(text_line.removeprefix(start))


def test_ann_to_snn(printed: str) -> None:
    rights = re.findall(r"^(ANN|SNN, T = +\d+) +([\d.]+) %", printed, re.M)
    accuracy = {name: float(value) for name, value in rights}
    assert accuracy["ANN"] > 97
    assert accuracy["SNN, T =  8"] >= accuracy["ANN"] - 2
    assert accuracy["SNN, T = 32"] >= accuracy["ANN"] - 0.5


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
