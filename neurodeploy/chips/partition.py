"""The cores of a network dealt to chips so that little crosses from chip to chip.

A multilevel partition: cores that exchange most are joined again and again, the few that are left
are dealt to chips, and every step back to single cores improves the result by moves and swaps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

# Joined cores are at most this share of a chip, so that chips can be filled to the last core.
_LARGEST_SHARE = 16
# The vertices at which joining ends, for every chip.
_FEW = 16
# The most vertices whose oscillations are computed.
_DENSE = 2_000
_PASSES = 8
# The share of what crosses by which a pass must improve, or it is the last.
_LEAST_GAIN = 0.002
# The chips to which a vertex may be swapped: those that pull most.
_WISHES = 4


@dataclass(frozen=True)
class CoreGraph:
    """The exchange between pairs of vertices, each of which is one core or several joined ones."""

    sizes: Integers
    starts: Integers
    neighbours: Integers
    weights: Integers

    @classmethod
    def of(cls, sizes: Integers, first: Integers, second: Integers, weights: Integers) -> CoreGraph:
        """Return the graph of these pairs; pairs that occur again, in either order, are added."""
        count = len(sizes)
        apart = first != second
        one, other = first[apart], second[apart]
        both = np.concatenate([one * count + other, other * count + one])
        keys, where = np.unique(both, return_inverse=True)
        total = np.bincount(where, np.tile(weights[apart], 2), len(keys)).astype(np.int64)
        starts = np.searchsorted(keys, np.arange(count + 1) * count)
        return cls(sizes, starts, keys % count, total)

    def around(self, vertex: int) -> tuple[Integers, Integers]:
        """Return the neighbours of a vertex, and the weights to them."""
        part = slice(self.starts[vertex], self.starts[vertex + 1])
        return self.neighbours[part], self.weights[part]

    def cut(self, chips: Integers) -> int:
        """Return the weight between vertices on different chips."""
        origin = np.repeat(np.arange(len(self.sizes)), np.diff(self.starts))
        return int(self.weights[chips[origin] != chips[self.neighbours]].sum()) // 2


def partition(graph: CoreGraph, room: int) -> Integers:
    """Return the chip of each vertex, of which none is larger than the room of a chip.

    Single cores take as few chips as can be; vertices of several cores as few as were reached.
    """
    chips = -(-int(graph.sizes.sum()) // room)
    if chips <= 1:
        return np.zeros(len(graph.sizes), np.int64)
    candidates = [_improved(graph, _in_order(graph, room), room), _multilevel(graph, chips, room)]
    return _numbered(min(candidates, key=lambda where: (len(np.unique(where)), graph.cut(where))))


def _in_order(graph: CoreGraph, room: int) -> Integers:
    """Return chips that are filled one after another, the largest vertices first."""
    where = np.zeros(len(graph.sizes), np.int64)
    # At most one chip stays more than half empty.
    free = np.full(2 * int(graph.sizes.sum()) // room + 2, room)
    for vertex in np.argsort(-graph.sizes, kind="stable"):
        chip = int(np.argmax(free >= graph.sizes[vertex]))
        where[vertex] = chip
        free[chip] -= graph.sizes[vertex]
    return where


def _multilevel(graph: CoreGraph, chips: int, room: int) -> Integers:
    levels: list[tuple[CoreGraph, Integers]] = []
    coarse = graph
    while len(coarse.sizes) > _FEW * chips:
        joined = _joined(coarse, max(2, room // _LARGEST_SHARE))
        if joined.max() + 1 > 0.95 * len(coarse.sizes):
            break
        levels.append((coarse, joined))
        coarse = _contracted(coarse, joined)
    starts = [_grown(coarse, room)]
    if len(coarse.sizes) <= _DENSE:
        starts.append(_halved(coarse, room))
    results = []
    for start in starts:
        where = _improved(coarse, start, room)
        for finer, joined in reversed(levels):
            where = _improved(finer, where[joined], room)
        results.append(_improved(graph, _packed(graph, where, chips, room), room))
    return min(results, key=graph.cut)


def _halved(graph: CoreGraph, room: int) -> Integers:
    """Return chips by halves: vertices in the order of their slowest oscillation, cut in two."""
    count = len(graph.sizes)
    dense = np.zeros((count, count))
    dense[np.repeat(np.arange(count), np.diff(graph.starts)), graph.neighbours] = graph.weights
    where = np.zeros(count, np.int64)
    waiting, chip = [np.arange(count)], 0
    while waiting:
        part = waiting.pop()
        chips = -(-int(graph.sizes[part].sum()) // room)
        if chips == 1:
            where[part], chip = chip, chip + 1
            continue
        inner = dense[np.ix_(part, part)]
        _, waves = np.linalg.eigh(np.diag(inner.sum(axis=1)) - inner)
        order = part[np.argsort(waves[:, 1], kind="stable")]
        at = int(np.searchsorted(np.cumsum(graph.sizes[order]), chips // 2 * room, side="right"))
        waiting += [order[at:], order[:at]]
    return where


def _joined(graph: CoreGraph, most: int) -> Integers:
    """Return a new vertex for each: that of the neighbour with which it exchanges most."""
    partner = np.full(len(graph.sizes), -1)
    for vertex in range(len(partner)):
        if partner[vertex] >= 0:
            continue
        near, weights = graph.around(vertex)
        fits = (partner[near] < 0) & (graph.sizes[near] + graph.sizes[vertex] <= most)
        other = int(near[fits][np.argmax(weights[fits])]) if fits.any() else vertex
        partner[vertex], partner[other] = other, vertex
    leader = np.minimum(partner, np.arange(len(partner)))
    return np.unique(leader, return_inverse=True)[1].astype(np.int64)


def _contracted(graph: CoreGraph, joined: Integers) -> CoreGraph:
    origin = np.repeat(np.arange(len(joined)), np.diff(graph.starts))
    once = origin < graph.neighbours
    sizes = np.bincount(joined, graph.sizes).astype(np.int64)
    ends = joined[origin[once]], joined[graph.neighbours[once]]
    return CoreGraph.of(sizes, *ends, graph.weights[once])


def _grown(graph: CoreGraph, room: int) -> Integers:
    """Return chips that grow from a vertex by the neighbour with which they exchange most."""
    where = np.full(len(graph.sizes), -1)
    chip = 0
    while (where < 0).any():
        free = room
        pull = np.zeros(len(where), np.int64)
        while True:
            fits = np.flatnonzero((where < 0) & (graph.sizes <= free))
            if not len(fits):
                break
            vertex = int(fits[np.argmax(pull[fits])])
            where[vertex], free = chip, free - int(graph.sizes[vertex])
            near, weights = graph.around(vertex)
            pull[near] += weights
        chip += 1
    return where


def _packed(graph: CoreGraph, where: Integers, chips: int, room: int) -> Integers:
    """Return so many chips, which the vertices of the emptiest others fill up.

    A vertex that fits nowhere opens another chip.
    """
    used = np.bincount(where, graph.sizes)
    kept = np.sort(np.argsort(-used, kind="stable")[:chips])
    names = np.full(len(used), -1)
    names[kept] = np.arange(len(kept))
    packed = names[where]
    free = np.full(max(chips, len(kept)), room)
    np.subtract.at(free, packed[packed >= 0], graph.sizes[packed >= 0])
    left = np.flatnonzero(packed < 0)
    for vertex in left[np.argsort(-graph.sizes[left], kind="stable")]:
        size = graph.sizes[vertex]
        if not (free >= size).any():
            free = np.append(free, room)
        pulls = np.where(free >= size, _pulls(graph, packed, int(vertex), len(free)), -1)
        packed[vertex] = int(np.argmax(pulls))
        free[packed[vertex]] -= size
    return packed


def _pulls(graph: CoreGraph, where: Integers, vertex: int, chips: int) -> Integers:
    """Return what a vertex exchanges with each chip."""
    near, weights = graph.around(vertex)
    placed = where[near] >= 0
    return np.bincount(where[near[placed]], weights[placed], chips).astype(np.int64)


def _improved(graph: CoreGraph, where: Integers, room: int) -> Integers:
    """Return chips between which less crosses, by moves into free room and by swaps."""
    where = where.copy()
    chips, crossing = int(where.max()) + 1, graph.cut(where)
    for _ in range(_PASSES):
        _moved(graph, where, chips, room)
        _swapped(graph, where, chips, room)
        before, crossing = crossing, graph.cut(where)
        if before - crossing <= _LEAST_GAIN * before:
            break
    return where


def _moved(graph: CoreGraph, where: Integers, chips: int, room: int) -> None:
    """Move each vertex to the chip that pulls most, if there is room."""
    free = room - np.bincount(where, graph.sizes, chips).astype(np.int64)
    for vertex in _at_borders(graph, where):
        pulls = _pulls(graph, where, vertex, chips)
        home, size = where[vertex], graph.sizes[vertex]
        better = np.where(free >= size, pulls, -1)
        chip = int(np.argmax(better))
        if better[chip] > pulls[home]:
            where[vertex] = chip
            free[home], free[chip] = free[home] + size, free[chip] - size


def _swapped(graph: CoreGraph, where: Integers, chips: int, room: int) -> None:
    """Swap vertices of two chips while that lets less cross."""
    free = room - np.bincount(where, graph.sizes, chips).astype(np.int64)
    wishes: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for vertex in _at_borders(graph, where):
        pulls = _pulls(graph, where, vertex, chips)
        home = int(where[vertex])
        for chip in np.argsort(-pulls, kind="stable")[:_WISHES]:
            if chip != home and pulls[chip]:
                wishes[home, int(chip)].append((int(pulls[chip] - pulls[home]), vertex))
    for one, other in sorted(pair for pair in wishes if pair[0] < pair[1]):
        there = sorted(wishes[one, other], reverse=True)
        back = sorted(wishes.get((other, one), []), reverse=True)
        for (more_there, vertex), (more_back, partner) in zip(there, back, strict=False):
            if more_there + more_back <= 0:
                break
            if (where[vertex], where[partner]) != (one, other):
                continue
            more = int(graph.sizes[vertex] - graph.sizes[partner])
            fits = free[one] + more >= 0 and free[other] - more >= 0
            if fits and _gain(graph, where, vertex, partner, chips) > 0:
                where[vertex], where[partner] = other, one
                free[one], free[other] = free[one] + more, free[other] - more


def _gain(graph: CoreGraph, where: Integers, vertex: int, partner: int, chips: int) -> int:
    """Return how much less crosses if two vertices swap their chips."""
    one, other = where[vertex], where[partner]
    near, weights = graph.around(vertex)
    between = int(weights[near == partner].sum())
    leaving = _pulls(graph, where, vertex, chips)
    coming = _pulls(graph, where, partner, chips)
    return int(leaving[other] - leaving[one] + coming[one] - coming[other]) - 2 * between


def _at_borders(graph: CoreGraph, where: Integers) -> Iterable[int]:
    origin = np.repeat(np.arange(len(where)), np.diff(graph.starts))
    crossing = where[origin] != where[graph.neighbours]
    return (int(vertex) for vertex in np.unique(origin[crossing]))


def _numbered(where: Integers) -> Integers:
    """Return the same chips, numbered in the order of their first core."""
    _, first, chips = np.unique(where, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    result: Integers = order[chips].astype(np.int64)
    return result
