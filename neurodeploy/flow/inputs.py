"""The inputs of a verification: samples that are drawn for it, and a network with its file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
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


def read_network(
    path: Path,
    build: str | None = None,
    asked: Mapping[str, Any] | None = None,
    options: Mapping[str, str] | None = None,
) -> Any:
    """Return the network in a model file; `build` names a function of the user's.

    A file that is converted may be asked for with a time step and a profile; `options` are for
    those that leave them open.

    Raises:
        ModelFileError: if it cannot be read.
        ValidationError: if it takes no time step or profile.
    """
    from neurodeploy.flow import conversion
    from neurodeploy.frontend import load

    asked = {name: value for name, value in (asked or {}).items() if value is not None}
    if build is None and conversion.takes(path):
        chosen = dict(options or {}) if conversion.leaves_open(path) else {}
        return conversion.conversion_of(path, **{**asked, **chosen}).network
    if asked:
        name = next(iter(asked))
        raise ValidationError(f"{path}: takes no --{name}, which is for NIR files")
    if build is not None:
        # The user's module is imported from the working directory, as `python -m` does.
        sys.path.insert(0, str(Path.cwd()))
    return load(path, build_with=build)
