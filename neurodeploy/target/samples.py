"""Random samples that a program accepts as input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Program


def random_samples(
    program: Program, steps: int, count: int, rate: float, seed: int
) -> NDArray[np.int64]:
    """Return seeded samples of a program's input: spikes at a rate, or currents of that density."""
    from neurodeploy.program import Signal

    generator = np.random.default_rng(seed)
    shape = (steps, count, *program.input.shape)
    active = generator.random(shape) < rate
    if program.input.signal == Signal.SPIKES:
        return active.astype(np.int64)
    return np.where(active, generator.integers(-64, 256, shape), 0)
