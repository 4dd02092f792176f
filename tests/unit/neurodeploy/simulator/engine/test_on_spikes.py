"""Layers that add the weights of spikes alone give golden's sums, at every rate and shape."""

from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.program import Conv2d, Dense, Edge, Flatten, Input, Program
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.engine import on_spikes
from neurodeploy.simulator.engine.compiled import Compiled
from neurodeploy.simulator.engine.on_spikes import BySpikes
from neurodeploy.simulator.fast import Engine
from snncore.dynamics.arithmetic.interval import Interval
from snncore.kernels.cpp.products import SpikeSums
from tests.unit.neurodeploy.simulator.test_integers import drawn
from tests.unit.programs import neurons


def network(rng: np.random.Generator, lowest: int, outputs: int = 37) -> Program:
    """Return convolutions and dense weights that read spikes, all with enough outputs."""
    high = -lowest - 1

    def weight(*shape: int) -> np.ndarray:
        return drawn(rng, shape, lowest, high)

    form: dict[str, Any] = {"accumulator_bits": 40}
    return Program(
        (
            Input("in", (33, 7, 6)),
            Conv2d("a.w", Edge("in"), weight(outputs, 33, 3, 2), (2, 1), (1, 2), (1, 2), **form),
            neurons("a", "a.w", threshold=-lowest // 16),
            Conv2d("b.w", Edge("a"), weight(outputs, outputs, 1, 3), (1, 1), (0, 1), **form),
            neurons("b", "b.w", threshold=-lowest // 16),
            Flatten("flat", Edge("b")),
            Dense("c.w", Edge("flat"), weight(outputs, outputs * 4 * 8), shift=1),
            neurons("c", "c.w", threshold=-lowest // 16),
        ),
        "c",
    )


@pytest.mark.parametrize("lowest", [-128, -30_000])
@pytest.mark.parametrize("limit", [0.0, 0.2, 1.0])
def test_all_rates(lowest: int, limit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(-lowest)
    program = network(rng, lowest)
    summed: list[int] = []
    add = SpikeSums.__call__
    monkeypatch.setattr(SpikeSums, "limit", lambda *_: limit)
    monkeypatch.setattr(SpikeSums, "__call__", lambda *a: summed.append(1) or add(*a))
    rates = rng.choice([0.0, 0.05, 0.5, 1.0], (3, 66, 1, 1, 1))
    samples = (rng.random((3, 66, 33, 7, 6)) < rates).astype(np.int64)
    engine = Engine(program, Interval(0, 1), torch.device("cpu"), Compiled.ALL, keeps=True)
    weights = [node for node in program.nodes if isinstance(node, (Conv2d, Dense))]
    assert all(engine.sums(node) is not None for node in weights)
    arrays, golden = engine.run(samples, states=True), run_golden(program, samples)
    for name in golden:
        assert golden[name].s.any()
        for key, values in golden[name].values.items():
            assert np.array_equal(arrays[name][key].numpy(), values), f"{name}.{key}"
    # All layers of both batches, none, or those with few spikes.
    assert {0.0: len(summed) == 0, 0.2: True, 1.0: len(summed) == 6}[limit]


def test_few_outputs_and_numbers_are_left_to_products() -> None:
    rng = np.random.default_rng(0)
    program = network(rng, -128)
    engine = Engine(program, Interval(0, 2), torch.device("cpu"), Compiled.ALL, keeps=True)
    weights = [node for node in program.nodes if isinstance(node, Conv2d)]
    first, second = map(engine.sums, weights)
    assert not isinstance(first, BySpikes)
    assert isinstance(second, BySpikes)
    assert not on_spikes.takes_spikes(np.zeros((31, 9), np.int8), Interval(0, 1))


def test_the_limit_is_measured_on_bytes_of_spikes() -> None:
    weight = np.random.default_rng(0).integers(-128, 128, (40, 200, 1, 1)).astype(np.int8)
    sums, seen = SpikeSums(weight), list[torch.Tensor]()

    def slow(x: torch.Tensor) -> torch.Tensor:
        seen.append(x)
        return torch.stack([sums(x) for _ in range(200)])

    assert sums.limit(slow, (2, 3, 200)) == 1.0
    assert {(each.dtype, tuple(each.shape)) for each in seen} <= {(torch.uint8, (1, 8, 200))}
