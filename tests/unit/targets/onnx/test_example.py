"""The example streams, and checks itself against the golden interpreter."""

import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[4] / "examples"


def test_onnx_streaming(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "onnx_streaming.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 20
    assert len(re.findall(r"spikes \[", printed)) > 3
