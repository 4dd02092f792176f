"""The kernels that fold and round on a GPU, in Triton's interpreter: torch's bits."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is for Linux alone")
def test_folding_and_rounding_in_kernels_change_no_bit() -> None:
    script = [sys.executable, "-m", "tests.unit.quant.grid.folds"]
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    done = subprocess.run(
        script, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "equal\n"
