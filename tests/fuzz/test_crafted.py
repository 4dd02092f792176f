"""A child reads every crafted file: one clear error each, within limits of memory and time."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.crafted import CRAFTED

ROOT = Path(__file__).parents[2]
CASES = [
    (f"{reader}: {case}", words)
    for (reader, _), cases in CRAFTED.items()
    for case, (_, words) in cases.items()
]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="children need limits that only Linux keeps"
)


@cache
def results() -> dict[str, Any]:
    """Return the outcome of each crafted file."""
    command = [sys.executable, "-m", "tests.fuzz.crafted"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcomes: dict[str, Any] = json.loads(done.stdout)
    return outcomes


@pytest.mark.parametrize(("case", "words"), CASES, ids=[case for case, _ in CASES])
def test_a_crafted_file_is_refused(case: str, words: str) -> None:
    kind, said, _ = results()[case]
    assert kind == "refused", said
    assert re.search(words, said), said
    # An error ends with a remedy.
    assert said.endswith(")"), said
