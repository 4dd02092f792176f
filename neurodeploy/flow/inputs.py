"""The inputs of a verification: samples that are drawn for it, and a network with its file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import ValidationError
from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.simulator.samples import users_samples
from neurodeploy.target import random_samples


@dataclass(frozen=True)
class RandomSamples:
    """Seeded random samples: their steps and number, the share of nonzeros, and the seed."""

    steps: int = 16
    count: int = 8
    rate: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.steps, self.count) < 1 or not 0 <= self.rate <= 1 or self.seed < 0:
            raise ValidationError(
                f"{self}: steps and count are at least 1, the rate is within 0..1, and the seed is "
                "not negative (such as RandomSamples(16, 8, 0.3, 0))"
            )


@dataclass(frozen=True)
class LoadedModel:
    """A torch network, and the file that it was loaded from."""

    network: Any
    file: str | os.PathLike[str]


def drawn_samples(network: Program | Graph, samples: Any) -> Any:
    """Return the samples, or seeded random ones for the network."""
    drawn = RandomSamples() if samples is None else samples
    if not isinstance(drawn, RandomSamples):
        return samples
    steps, count, rate, seed = drawn.steps, drawn.count, drawn.rate, drawn.seed
    if isinstance(network, Program):
        return users_samples(network, random_samples(network, steps, count, rate, seed))
    shape = (steps, count, *network.input.shape)
    values: NDArray[Any] = (np.random.default_rng(seed).random(shape) < rate).astype(np.float64)
    return values
