"""The fast engine on this GPU gives golden's integers, and fetches nothing while it runs."""

import warnings

import numpy as np
import pytest
import torch

from neurodeploy.errors import SamplesError
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.engine.compiled import Compiled
from neurodeploy.simulator.fast import Engine, run_fast, run_tensors
from snncore.dynamics.arithmetic.interval import Interval
from tests.unit.neurodeploy.simulator.engine.on_gpu import check, pooling
from tests.unit.neurodeploy.simulator.test_integers import drawn, network
from tests.unit.programs import random_program, random_samples

IMAGES = ((-128, 0, 255), (-128, 0, 1), (-128, -128, 127), (-2000, -3000, 255))


@pytest.mark.parametrize(("lowest", "low", "high"), IMAGES)
@pytest.mark.parametrize("channels", [1, 3, 16, 32, 64, 128])
def test_convolutions_at_their_extremes(lowest: int, low: int, high: int, channels: int) -> None:
    rng = np.random.default_rng(channels)
    program = network(rng, channels, lowest)
    assert check(program, drawn(rng, (4, 2, *program.input.shape), low, high))


def test_pools() -> None:
    rng = np.random.default_rng(0)
    assert check(pooling(rng), rng.integers(0, 2, (3, 2, 5, 9, 8)))


@pytest.mark.parametrize("seed", range(200, 216))
def test_random_programs(seed: int) -> None:
    program = random_program(seed)
    assert check(program, random_samples(program, seed, 5, 2))


def test_nothing_is_fetched_while_it_runs() -> None:
    rng = np.random.default_rng(3)
    program = network(rng, 16, -128)
    samples = drawn(rng, (4, 2, *program.input.shape), 0, 1)
    device = torch.device("cuda")
    engine = Engine(program, Interval(0, 1), device, Compiled.TRITON, keeps=True)
    x = torch.from_numpy(samples).to(device)
    engine.run(x, states=True)
    with warnings.catch_warnings():
        # Torch says that the mode is young.
        warnings.simplefilter("ignore")
        torch.cuda.set_sync_debug_mode("error")
    try:
        arrays = engine.run(x, states=True)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    golden = run_golden(program, samples)
    assert golden["f"].s.any()
    assert np.array_equal(arrays["f"]["s"].cpu().numpy(), golden["f"].s)
    flipped = golden["f"].s.copy()
    flipped[-1, -1, -1] ^= 1
    assert not np.array_equal(arrays["f"]["s"].cpu().numpy(), flipped)


def test_floats_of_tensor_cores_do_not_round() -> None:
    rng = np.random.default_rng(5)
    program = network(rng, 16, -30_000)
    samples = drawn(rng, (3, 2, *program.input.shape), 0, 20_000)
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        fast = run_fast(program, samples, device="cuda")
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False
    golden = run_golden(program, samples)
    for name in golden:
        for key, values in golden[name].values.items():
            assert np.array_equal(values, fast[name].values[key]), f"{name}.{key}"


def test_samples_are_checked() -> None:
    program = random_program(201)
    x = torch.full((2, 1, *program.input.shape), 0.5, device="cuda")
    with pytest.raises(SamplesError, match="not whole numbers"):
        run_tensors(program, x)
