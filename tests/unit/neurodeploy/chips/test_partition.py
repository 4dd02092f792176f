"""Cores dealt to chips: none over its room, as few chips as can be, and little that crosses."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.chips.partition import CoreGraph, Integers, _grown, _improved, partition


def graph_of(count: int, pairs: list[tuple[int, int, int]]) -> CoreGraph:
    first, second, weights = np.array(pairs, dtype=np.int64).reshape(-1, 3).T
    return CoreGraph.of(np.ones(count, np.int64), first, second, weights)


def communities(groups: int, size: int, seed: int) -> tuple[CoreGraph, Integers]:
    """Return groups that exchange much within and little between, in a shuffled order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(groups * size)
    pairs = []
    for one in range(groups * size):
        for other in range(one):
            alike = one // size == other // size
            if alike or rng.random() < 0.02:
                pairs.append((int(order[one]), int(order[other]), 10 if alike else 1))
    truth = np.empty(groups * size, np.int64)
    truth[order] = np.arange(groups * size) // size
    return graph_of(groups * size, pairs), truth


def layered(layers: int, width: int, seed: int) -> CoreGraph:
    """Return layers whose cores send to the three that lie near them in the next layer."""
    rng = np.random.default_rng(seed)
    pairs = [
        (layer * width + one, (layer + 1) * width + other, int(rng.integers(1, 50)))
        for layer in range(layers - 1)
        for one in range(width)
        for other in range(max(0, one - 1), min(width, one + 2))
    ]
    return graph_of(layers * width, pairs)


@pytest.mark.parametrize("seed", range(3))
def test_finds_the_groups_that_exchange_most(seed: int) -> None:
    graph, truth = communities(5, 16, seed)
    chips = partition(graph, 16)
    assert graph.cut(chips) == graph.cut(truth)
    # The same cores are together, whatever the chips are called.
    assert len(set(zip(chips.tolist(), truth.tolist(), strict=True))) == 5


@pytest.mark.parametrize(("layers", "width", "room"), [(8, 20, 32), (5, 33, 32), (3, 7, 20)])
def test_no_chip_is_over_its_room_and_few_are_used(layers: int, width: int, room: int) -> None:
    graph, cores = layered(layers, width, 1), layers * width
    chips = partition(graph, room)
    assert np.bincount(chips).max() <= room
    assert len(np.unique(chips)) == chips.max() + 1 == -(-cores // room)


def test_less_crosses_than_in_the_order_of_the_layers() -> None:
    graph = layered(8, 40, 2)
    in_order = graph.cut(np.arange(320) // 64)
    assert graph.cut(partition(graph, 64)) < 0.5 * in_order


def test_the_result_is_the_same_every_time_and_starts_at_chip_zero() -> None:
    graph = layered(8, 20, 3)
    chips = partition(graph, 32)
    assert np.array_equal(chips, partition(graph, 32))
    first = [int(np.flatnonzero(chips == chip)[0]) for chip in range(int(chips.max()) + 1)]
    assert first == sorted(first)


def test_the_cut_counts_each_pair_once_and_adds_pairs_that_occur_again() -> None:
    graph = graph_of(4, [(0, 1, 3), (1, 0, 4), (2, 3, 5), (1, 1, 9), (1, 2, 2)])
    assert graph.cut(np.array([0, 1, 1, 1])) == 7
    assert graph.cut(np.array([0, 0, 1, 1])) == 2


def test_cores_without_axons_and_one_chip_are_dealt_too() -> None:
    assert np.bincount(partition(graph_of(10, []), 4)).max() <= 4
    assert not partition(graph_of(3, [(0, 1, 1)]), 4).any()


@pytest.mark.parametrize("seed", range(4))
def test_joined_cores_of_any_size_stay_within_the_room(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes, room = rng.integers(1, 6, 40), 12
    first, second = np.triu_indices(40, 1)
    graph = CoreGraph.of(sizes, first, second, rng.integers(1, 30, len(first)))
    start = _grown(graph, room)
    better = _improved(graph, start, room)
    for where in (start, better):
        assert np.bincount(where, sizes).max() <= room
    assert graph.cut(better) < graph.cut(start)


@pytest.mark.parametrize("seed", range(4))
def test_vertices_of_powers_of_two_fill_chips_and_are_never_cut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = 2 ** rng.integers(0, 7, 60)
    pairs = rng.integers(0, 60, (2, 200))
    graph = CoreGraph.of(sizes, *pairs, rng.integers(1, 90, 200))
    chips = partition(graph, 100)
    used = np.bincount(chips, sizes)
    assert used.max() <= 100
    # A vertex of 64 shares its chip with at most 36.
    least = max(-(-int(sizes.sum()) // 100), int((sizes > 50).sum()))
    assert least <= len(used) <= least + 1
    assert graph.cut(chips) < graph.cut(rng.permutation(chips))
