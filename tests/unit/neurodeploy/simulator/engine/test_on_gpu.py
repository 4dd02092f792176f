"""The fast engine's kernels for GPUs, in Triton's interpreter, and how they split wide numbers."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.simulator.engine.on_gpu import _bytes
from snncore.dynamics.arithmetic.interval import Interval
from snncore.kernels.triton.integer.products import signed_bytes

ROOT = Path(__file__).parents[5]


def test_kernels_give_goldens_integers(full: bool) -> None:
    module = "tests.unit.neurodeploy.simulator.engine.on_gpu"
    command = [sys.executable, "-m", module, *(["--full"] if full else [])]
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert printed.returncode == 0, printed.stderr
    lines = [line.split() for line in printed.stdout.splitlines()]
    images = lines[: 9 if full else 2]
    # Groups of several channels alone are left to floats.
    assert {(neurons, products) for neurons, products, _ in images} == {("6/6", "6")}
    assert all(int(spikes) > 1000 for _, _, spikes in images)
    assert len(lines) == (70 if full else 4)


def test_weights_are_the_sum_of_their_bytes() -> None:
    values = np.array([-32_896, -32_768, -129, -128, -1, 0, 127, 128, 255, 32_639, 32_640, 1 << 20])
    parts = signed_bytes(values)
    assert len(parts) == 3
    assert sum(part.astype(np.int64) << 8 * k for k, part in enumerate(parts)) == pytest.approx(
        values, abs=0
    )
    assert len(signed_bytes(np.array([-128, 127]))) == 1


@pytest.mark.parametrize(
    ("low", "high", "wide"),
    [(0, 1, 1), (-128, 127, 1), (0, 128, 2), (-129, 0, 2), (-32_896, 32_639, 2), (0, 32_640, 3)],
)
def test_the_bytes_of_a_range(low: int, high: int, wide: int) -> None:
    assert _bytes(Interval(low, high)) == wide
    widest = max(len(signed_bytes(np.array([value]))) for value in (low, high))
    assert widest == wide
