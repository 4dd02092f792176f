"""The examples of neurons run, and learn what they say."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[4] / "examples"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("two_inputs.py", "at the end: 0.0"),
        ("learned_decay.py", "learned decays  [0.2, 0.5, 0.8, 0.95]"),
    ],
)
def test_example(script: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    assert words in capsys.readouterr().out
