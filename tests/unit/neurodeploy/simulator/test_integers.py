"""The engine's products of integers give golden's sums, and other layers are left to floats."""

from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.program import Conv2d, Dense, Edge, Flatten, Input, Program, Signal
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.engine.compiled import Compiled
from neurodeploy.simulator.fast import _engine, run_fast
from neurodeploy.simulator.integers import integer_sums
from neurodeploy.verification.compare import compare
from snncore.dynamics.arithmetic.interval import Interval
from tests.unit.programs import neurons

Random = np.random.Generator


def drawn(rng: Random, shape: tuple[int, ...], low: int, high: int) -> np.ndarray:
    """Return whole numbers of which about half are the lowest or the highest."""
    values = rng.integers(low, high + 1, shape)
    ends = rng.integers(0, 4, shape)
    return np.where(ends == 0, low, np.where(ends == 1, high, values))


def network(rng: Random, channels: int, lowest: int) -> Program:
    """Return convolutions of all sorts behind an image, and dense weights at the end."""
    high = -lowest - 1
    form: dict[str, Any] = {"padding": (1, 1), "accumulator_bits": 40}

    def weight(*shape: int) -> np.ndarray:
        return drawn(rng, shape, lowest, high)

    def layer(name: str) -> Any:
        return neurons(name, f"{name}.w", threshold=-lowest // 16)

    return Program(
        (
            Input("in", (channels, 9, 8), Signal.CURRENT),
            Conv2d("a.w", Edge("in"), weight(20, channels, 3, 3), (2, 1), **form),
            layer("a"),
            Conv2d("b.w", Edge("a"), weight(20, 1, 3, 3), groups=20, **form),
            layer("b"),
            Conv2d("c.w", Edge("b", 1), weight(8, 5, 2, 2), groups=4, **form),
            layer("c"),
            Conv2d("d.w", Edge("c"), weight(18, 8, 3, 2), (1, 2), (2, 1), (2, 1)),
            layer("d"),
            Conv2d("e.x", Edge("d"), weight(18, 1, 1, 1), groups=18),
            Conv2d("e.w", Edge("d"), weight(18, 18, 3, 3), **form),
            neurons("e", "e.w", "e.x", threshold=-lowest // 16),
            Flatten("flat", Edge("e")),
            Dense("f.w", Edge("flat"), weight(11, 18 * 6 * 5), shift=2),
            layer("f"),
        ),
        "f",
    )


@pytest.mark.parametrize(
    ("lowest", "low", "high"),
    [(-128, 0, 255), (-128, 0, 1), (-128, -255, 255), (-128, 0, 30), (-2000, 0, 255)],
)
def test_weights_and_inputs_at_their_extremes(lowest: int, low: int, high: int, full: bool) -> None:
    for seed in range(20 if full else 1):
        rng = np.random.default_rng(seed)
        program = network(rng, (1, 3, 16)[seed % 3], lowest)
        samples = drawn(rng, (4, 2, *program.input.shape), low, high)
        golden, fast = run_golden(program, samples), run_fast(program, samples, compiled=True)
        link = compare("golden = fast", golden, fast, 0.0)
        assert link.same, link.divergence or link.reason
        assert golden["f"].s.any()
        flipped = golden["e"].s.copy()
        flipped[-1, -1, -1, -1, -1] ^= 1
        assert not np.array_equal(fast["e"].s, flipped)


def test_which_layers_run_in_integers() -> None:
    program = network(np.random.default_rng(0), 3, -128)
    samples = np.full((1, 1, 3, 9, 8), 255)
    run_fast(program, samples, compiled=True)
    engine = _engine(program, Interval(255, 255), torch.device("cpu"), Compiled.BEFORE)
    assert engine.integers
    in_integers = {name for name, sums in engine._sums.items() if sums is not None}
    # Groups of several channels are left to floats.
    assert in_integers == {"a.w", "b.w", "d.w", "e.x", "e.w", "f.w"}


@pytest.mark.parametrize(
    ("weight", "largest", "fits"),
    [
        (127, 255, True),
        (32_767, 32_767, True),
        (-32_768, 1, False),
        (40_000, 1, False),
        (1, 32_768, False),
        (32_000, 32_767, True),
    ],
)
def test_what_words_hold(weight: int, largest: int, fits: bool) -> None:
    for width in (1, 3):
        row = np.full((1, width), weight)
        dense = Dense("d", Edge("in"), row)
        program = Program((Input("in", (width,), Signal.CURRENT), dense, neurons("n", "d")), "n")
        sums = integer_sums(dense, program, Interval(-largest, largest))
        # Three products of two large words leave 32 bits.
        assert (sums is not None) == (fits and width * weight * largest < 1 << 31)
