"""Chips on a grid: each has a place of its own, and those that exchange most are near."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.chips.grid import arranged
from neurodeploy.chips.partition import CoreGraph, Integers


def chain(chips: int, seed: int) -> tuple[CoreGraph, Integers]:
    """Return chips of one core, each of which exchanges most with the next, in a mixed order."""
    order = np.random.default_rng(seed).permutation(chips)
    weights = np.full(chips - 1, 100)
    graph = CoreGraph.of(np.ones(chips, np.int64), order[:-1], order[1:], weights)
    return graph, np.arange(chips)


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_in_the_network_are_neighbours_on_the_grid(seed: int) -> None:
    graph, chips = chain(12, seed)
    places, hops = arranged(graph, chips, (8, 8))
    assert len(set(places)) == 12
    # In a mixed order a way is 2.3 chips long.
    assert 1 <= hops <= 1.4


def test_the_mean_way_is_that_of_the_places() -> None:
    rng = np.random.default_rng(4)
    pairs, weights = rng.integers(0, 30, (2, 80)), rng.integers(1, 9, 80)
    graph = CoreGraph.of(np.ones(30, np.int64), *pairs, weights)
    chips = rng.integers(0, 7, 30)
    places, hops = arranged(graph, chips, (3, 3))
    ways = [
        (
            weight,
            sum(abs(a - b) for a, b in zip(places[chips[one]], places[chips[other]], strict=True)),
        )
        for one, other, weight in zip(*pairs, weights, strict=True)
    ]
    crossing = [(weight, way) for weight, way in ways if way]
    expected = sum(weight * way for weight, way in crossing) / sum(w for w, _ in crossing)
    assert hops == pytest.approx(expected)
    assert all(0 <= row < 3 and 0 <= column < 3 for row, column in places)


def test_chips_that_exchange_nothing_have_places_too() -> None:
    nothing = np.zeros(0, np.int64)
    graph = CoreGraph.of(np.ones(4, np.int64), nothing, nothing, nothing)
    places, hops = arranged(graph, np.arange(4), (2, 2))
    assert sorted(places) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert hops == 0
