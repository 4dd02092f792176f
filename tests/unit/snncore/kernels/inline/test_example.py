"""The example of inline CUDA runs, and does what it says."""

import re
import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[5] / "examples" / "inline_cuda.py"


def test_example(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    printed = re.search(r"leak ([\d.]+), ([\d.]+) spikes a step", capsys.readouterr().out)
    assert printed is not None
    assert float(printed[1]) > 0.3
    assert abs(float(printed[2]) - 0.25) < 0.05
