"""The examples of the training library run, and learn what they say."""

import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def printed(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> str:
    """What the example prints that the test is named after."""
    name = request.node.name.removeprefix("test_")
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    return capsys.readouterr().out


def test_ann_to_snn(printed: str) -> None:
    rights = re.findall(r"^(ANN|SNN, T = +\d+) +([\d.]+) %", printed, re.M)
    found = {name: float(value) for name, value in rights}
    assert found["ANN"] > 97
    assert found["SNN, T =  8"] >= found["ANN"] - 2
    assert found["SNN, T = 32"] >= found["ANN"] - 0.5
