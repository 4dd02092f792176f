"""A layer's sums in one call into compiled code: the bits of the same kernels from Python."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

# The library that the kernels' own tests compile.
from tests.unit.snncore.kernels.conftest import kernel_cache as kernel_cache

ROOT = Path(__file__).parents[4]


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is for Linux alone")
def test_sums_in_compiled_code_change_no_bit(full: bool) -> None:
    script = [sys.executable, "-m", "tests.unit.quant.layer.compiled_sums"]
    script += ["--full"] if full else []
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    done = subprocess.run(
        script, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "equal\n"
