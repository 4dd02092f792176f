"""Random numbers that fulfil a layer's assumptions, for guesses about its wires."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.proof.goals.layer import LayerGoals, source_names
from snncore.dynamics.arithmetic.interval import Interval

_COUNT = 400
_NEAR = 8


def drawn_numbers(goals: LayerGoals, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Return numbers for every state, source and parameter of a layer."""
    rng = np.random.default_rng(seed)
    values = {name: _drawn(rng, each) for name, each in goals.states.items()}
    for edge, name in source_names(goals.sources).items():
        values[name] = _drawn(rng, goals.sources[edge])
    rows = goals.rows.rows[rng.integers(0, len(goals.rows.rows), _COUNT)]
    columns = rows.T.astype(object)
    return values | dict(zip(goals.rows.names, columns, strict=True))


def _drawn(rng: np.random.Generator, values: Interval) -> NDArray[Any]:
    """Return numbers of an interval: a quarter each of any, of any magnitude, and near an end."""
    quarter, width = _COUNT // 4, values.high - values.low
    near = [rng.integers(0, min(width, _NEAR), quarter, endpoint=True) for _ in range(2)]
    magnitudes = [1 << int(rng.integers(0, max(width.bit_length(), 1))) for _ in range(quarter)]
    numbers = [
        *(values.low + int(rng.random() * width) for _ in range(quarter)),
        *(int(rng.integers(-most, most)) for most in magnitudes),
        *(values.low + int(each) for each in near[0]),
        *(values.high - int(each) for each in near[1]),
    ]
    clipped = [min(max(each, values.low), values.high) for each in numbers]
    return rng.permutation(np.array(clipped, object))
