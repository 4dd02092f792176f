"""Random samples that a program accepts as input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Program


def random_samples(
    program: Program, steps: int, count: int, rate: float, seed: int
) -> NDArray[np.int64]:
    """Return seeded integers of a program's input: spikes at a rate, or values of that density."""
    from neurodeploy.program import Signal

    generator = np.random.default_rng(seed)
    shape = (steps, count, *program.input.shape)
    active = generator.random(shape) < rate
    if program.input.signal == Signal.SPIKES:
        return active.astype(np.int64)
    encoding = program.input.encoding
    ends = (-64, 255) if encoding is None else (encoding.low, encoding.high)
    return np.where(active, generator.integers(*ends, shape, endpoint=True), 0)
