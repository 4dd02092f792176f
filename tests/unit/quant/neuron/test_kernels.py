"""The kernels' time loop is the eager one: every bit of spikes and states, and the gradients."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

import quant
from quant.grid.straight_through import SpikeRule
from quant.neuron.integer_step import BoundedStep
from quant.neuron.kernels import Kernels
from snncore import functional
from tests.unit.quant.neuron.loops import NEURONS, check, drive

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("name", NEURONS)
def test_kernels_are_the_eager_loop(name: str) -> None:
    check(name, "cpp")


@pytest.mark.parametrize("name", ["hard", "learned", "a user's own"])
def test_units_may_differ_by_channel(name: str) -> None:
    check(name, "cpp", by_channel=True)


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is for Linux alone")
def test_kernels_of_a_gpu_are_the_eager_loop(full: bool) -> None:
    script = [sys.executable, "-m", "tests.unit.quant.neuron.loops", *(["--full"] if full else [])]
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    done = subprocess.run(
        script, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len(NEURONS) + 1} cases\n"


def test_a_full_leak_is_left_out_of_a_kernel_and_changes_no_bit() -> None:
    from quant.neuron.kernels import _equations

    pair = [quant.CubaLIF(voltage_decay=0.1, backend=b) for b in ("cpp", "torch")]
    bounds = tuple((name, value, value) for name, value in pair[0].integers().items())
    step = BoundedStep(pair[0].equations, pair[0].format.system, 40.0, bounds)
    whole = step._replace(bounds=tuple((n, v - (n == "current_decay"), v) for n, v, _ in bounds))
    assert len(_equations(step).operations) < len(_equations(whole).operations) - 3
    x = drive(0.6, pair[0].unit)
    spikes = [neurons(x) for neurons in pair]
    assert torch.equal(*spikes)
    assert spikes[0].any()
    assert torch.equal(pair[0].states["u"], pair[1].states["u"])


@pytest.mark.parametrize("backend", ["cpp", "torch"])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_what_a_sum_lost_comes_back(backend: str, kind: torch.dtype) -> None:
    neurons = quant.LIF(0.3, 0.9, backend=backend)
    x = drive(0.6, neurons.unit).to(kind)
    wanted = neurons(x)
    functional.reset(neurons)
    noise = torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) - 0.5
    assert torch.equal(neurons(x + noise * 1e-3 * neurons.unit), wanted)
    assert wanted.any()


def test_kernels_run_where_they_are_worth_it() -> None:
    lif = quant.LIF()
    step = BoundedStep(
        lif.equations, lif.format.system, 5.0, tuple((n, 0, 4) for n in lif.equations.parameters)
    )
    rule, numbers = SpikeRule(lif.surrogate, 0.5), lif.integers()
    small, large = torch.zeros(4, 1, 5), torch.zeros(8, 64, 64)

    def runs(choice: str, sequence: torch.Tensor) -> bool:
        return Kernels().ready(choice, step, rule, sequence, 0.5, numbers) is not None

    assert not runs("auto", small)
    assert runs("auto", large)
    assert runs("cpp", small)
    assert not runs("torch", large)
    with pytest.raises(ValueError, match="LIF: cpp: runs on the CPU"):
        runs("cpp", torch.zeros(1, 1, 1, device="meta"))
    with pytest.raises(ValueError, match="LIF: triton: runs on a CUDA device"):
        runs("triton", small)


def test_unlike_numbers_share_a_kernel() -> None:
    from quant.neuron.kernels import _equations

    kernels = set()
    for threshold, decay in ((0.5, 0.25), (0.45, 0.3), (0.6, 0.49)):
        lif = quant.LIF(decay, threshold)
        bounds = tuple((name, value, value) for name, value in lif.integers().items())
        kernels.add(_equations(BoundedStep(lif.equations, lif.format.system, 40.0, bounds)))
    assert len(kernels) == 1
