"""Chips on a grid, so that those that exchange much are near to one another."""

from __future__ import annotations

import numpy as np

from neurodeploy.chips.partition import CoreGraph, Integers

# Rows and columns.
Place = tuple[int, int]
_PASSES = 8
# The most chips that are moved; of more, those of one row follow one another.
_MOST = 512


def arranged(graph: CoreGraph, chips: Integers, size: Place) -> tuple[tuple[Place, ...], float]:
    """Return each chip's place on a grid of this size, and the mean way of what crosses.

    Chips beyond the grid get places behind its last row. Ways are counted in chips along rows and
    columns.
    """
    between = _between(graph, chips)
    count = len(between)
    columns = min(size[1], int(np.ceil(np.sqrt(count))))
    places = np.stack(np.divmod(np.arange(count), columns), axis=1)
    ways = np.abs(places[:, None] - places[None]).sum(axis=2) if count <= _MOST else None
    where = np.arange(count)
    if ways is not None:
        where = _swapped(between, ways, _grown(between, ways))
    at = places[where]
    pairs = np.argwhere(np.triu(between))
    weights = between[tuple(pairs.T)]
    hops = np.abs(at[pairs[:, 0]] - at[pairs[:, 1]]).sum(axis=1)
    mean = float((weights * hops).sum() / weights.sum()) if weights.sum() else 0.0
    return tuple((int(row), int(column)) for row, column in at), mean


def _between(graph: CoreGraph, chips: Integers) -> Integers:
    """Return what each pair of chips exchanges."""
    count = int(chips.max(initial=-1)) + 1
    origin = chips[np.repeat(np.arange(len(graph.sizes)), np.diff(graph.starts))]
    pairs = origin * count + chips[graph.neighbours]
    table = np.bincount(pairs, graph.weights, count * count).astype(np.int64)
    between: Integers = table.reshape(count, count)
    np.fill_diagonal(between, 0)
    return between


def _grown(between: Integers, ways: Integers) -> Integers:
    """Return a place for each chip: one after another, as near as can be to those before."""
    count = len(between)
    where = np.full(count, -1)
    free = np.ones(count, bool)
    waiting = np.ones(count, bool)
    pull = between.sum(axis=1)
    for _ in range(count):
        chip = int(np.argmax(np.where(waiting, pull, -1)))
        seated = np.flatnonzero(where >= 0)
        far = ways[:, where[seated]] @ between[chip, seated] if len(seated) else ways.sum(axis=1)
        seat = int(np.argmin(np.where(free, far, np.iinfo(np.int64).max)))
        where[chip], free[seat], waiting[chip] = seat, False, False
        pull = between[:, where >= 0].sum(axis=1)
    return where


def _swapped(between: Integers, ways: Integers, where: Integers) -> Integers:
    """Return places between which the ways are shorter, by swaps of two chips."""
    where = where.copy()
    for _ in range(_PASSES):
        better = False
        for chip in range(len(where)):
            # The change of all ways if this chip and each other one swap their places.
            now = ways[where][:, where]
            change = now @ between[chip] - between[chip] @ now[chip]
            change += between @ now[chip] - (between * now).sum(axis=1)
            change += 2 * between[chip] * now[chip]
            other = int(np.argmin(change))
            if change[other] < 0:
                where[chip], where[other] = where[other], where[chip]
                better = True
        if not better:
            break
    return where
