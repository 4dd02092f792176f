"""The example of spike times tells digits apart as well as its page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[4] / "examples/timing_digits.py"


@pytest.mark.thorough
def test_first_spikes_tell_digits_apart(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLE), "--train-only", "--out", str(tmp_path)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    share = re.search(r"spike times: ([\d.]+) %", printed)
    assert share is not None
    assert float(share[1]) >= 97
    assert (tmp_path / "times.pt").is_file()
