"""The examples of the training library run, and learn what they say."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[3] / "examples"


def printed(name: str) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name],
        cwd=EXAMPLES.parent,
        env={"PYTHONPATH": str(EXAMPLES.parent), "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ann_to_snn() -> None:
    rights = re.findall(r"^(ANN|SNN, T = +\d+) +([\d.]+) %", printed("ann_to_snn.py"), re.M)
    found = {name: float(value) for name, value in rights}
    assert found["ANN"] > 97
    assert found["SNN, T =  8"] >= found["ANN"] - 2
    assert found["SNN, T = 32"] >= found["ANN"] - 0.5
