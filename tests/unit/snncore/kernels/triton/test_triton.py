"""The Triton kernels without a GPU: their text, their interpreter, their registers on sm_90."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from snncore import neuron
from snncore.dynamics import Op
from snncore.kernels.loop.plan import KernelPlan
from snncore.kernels.loop.spread import Spread, spread_of
from snncore.kernels.triton.shape import parted, segmented
from tests.unit.snncore.neurons import EACH, NEURONS

ROOT = Path(__file__).parents[5]


def lif_plan(tau: float = 2.0) -> KernelPlan:
    module = neuron.LIF()
    return KernelPlan(
        module.equations, module.surrogate.gradient, (("tau", tau), ("threshold", 1.0))
    )


def script(name: str, *arguments: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", f"tests.unit.snncore.kernels.triton.{name}", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_only_a_power_of_two_becomes_a_product() -> None:
    halves = [operation.op for operation in lif_plan(2.0).step.operations]
    thirds = [operation.op for operation in lif_plan(3.0).step.operations]
    assert Op.DIVIDE not in halves
    assert Op.DIVIDE in thirds


def test_a_constant_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"LIF\.tau: the value is NaN"):
        lif_plan(float("nan"))


@pytest.mark.parametrize(
    ("steps", "expected"), [(1, (0, 1)), (16, (0, 16)), (17, (1, 1)), (64, (3, 16))]
)
def test_the_last_part_has_some_steps(steps: int, expected: tuple[int, int]) -> None:
    assert parted(steps, 16) == expected


def test_a_parameter_lies_along_axes_side_by_side() -> None:
    shape = (2, 3, 4, 5)
    assert spread_of(torch.ones(()), shape, "w") is None
    assert spread_of(torch.ones(3, 1, 1), shape, "w") == Spread(20, 3)
    assert spread_of(torch.ones(3, 4, 5), shape, "w") == Spread(1, 60)
    with pytest.raises(ValueError, match="w: "):
        spread_of(torch.ones(3, 1, 5), shape, "w")
    with pytest.raises(ValueError, match="w: "):
        spread_of(torch.ones(7), shape, "w")


def test_whole_segments_have_no_rest() -> None:
    assert [segmented(steps, 16) for steps in (1, 16, 17, 64, 70)] == [
        (0, 1),
        (0, 16),
        (1, 1),
        (4, 0),
        (4, 6),
    ]


def test_interpreted_kernels_equal_eager_torch(full: bool) -> None:
    printed = script("compare", *(["--full"] if full else []), TRITON_INTERPRET="1")
    assert int(printed.split()[0]) == (2 * len(NEURONS) if full else len(EACH)) >= 20


def test_backends_agree_on_neurons_drawn_at_random(full: bool) -> None:
    examples = 200 if full else 4
    printed = script("drawn_neurons", str(examples), TRITON_INTERPRET="1")
    assert int(printed.split()[0]) >= 5 * examples


def test_kernels_fit_the_registers_of_an_h200() -> None:
    rows = json.loads(script("compiled"))
    assert len(rows) == 10
    for row in rows:
        assert row["stack"] == 0, row
        # At least ten warps live together on a multiprocessor.
        assert row["registers"] <= 204, row
        assert max(row["bytes"]) >= 4, row
