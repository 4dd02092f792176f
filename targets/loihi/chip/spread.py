"""The cores of a network on several chips, and the axons that lead from one core to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from neurodeploy.chips.partition import CoreGraph, partition
from neurodeploy.chips.resources import Core, Placement, Spread
from neurodeploy.program import Integers
from targets.loihi.chip.chips import Board
from targets.loihi.chip.connections import Connections

# The synapses into each layer.
Links = Mapping[str, Sequence[Connections]]


def spread_over(board: Board, cores: Sequence[Core], links: Links, room: int) -> Spread:
    """Return the cores on chips of a board with room for so many each, with few axons across."""
    graph = core_graph(cores, links)
    chips = partition(graph, room)
    between = int(graph.weights.sum()) // 2
    return Spread(board.name, board.chips, tuple(chips.tolist()), between, graph.cut(chips))


def core_graph(cores: Sequence[Core], links: Links) -> CoreGraph:
    """Return the axons between each pair of cores."""
    homes = _homes(cores)
    ends, weights = [], []
    for core, source, senders in _axons(cores, links):
        origin, count = np.unique(homes[source][senders], return_counts=True)
        ends.append(np.stack([origin, np.full_like(origin, core)]))
        weights.append(count)
    first, second = np.concatenate([np.zeros((2, 0), np.int64), *ends], axis=1)
    totals = np.concatenate([np.zeros(0, np.int64), *weights])
    return CoreGraph.of(np.ones(len(cores), np.int64), first, second, totals)


def sent_away(placed: Placement, links: Links) -> dict[str, Integers]:
    """Return for each layer to how many cores of other chips each of its neurons sends."""
    if placed.spread is None:
        return {}
    cores = placed.cores
    homes, chips = _homes(cores), np.array(placed.spread.chip_of)
    counts = {layer: np.zeros(len(home), np.int64) for layer, home in homes.items()}
    for core, source, senders in _axons(cores, links):
        away = chips[homes[source][senders]] != chips[core]
        counts[source][senders[away]] += 1
    return counts


def _homes(cores: Sequence[Core]) -> dict[str, Integers]:
    """Return the core of each neuron, by layer."""
    parts: dict[str, list[tuple[int, int, int]]] = {}
    for index, core in enumerate(cores):
        for part in core.slices:
            parts.setdefault(part.layer, []).append((part.first, part.last, index))
    homes = {}
    for layer, ranges in parts.items():
        ordered = np.array(sorted(ranges))
        homes[layer] = np.repeat(ordered[:, 2], ordered[:, 1] - ordered[:, 0])
    return homes


def _axons(cores: Sequence[Core], links: Links) -> Iterator[tuple[int, str, Integers]]:
    """Yield each core with a layer that sends to it, and the neurons there that do."""
    for index, core in enumerate(cores):
        for part in core.slices:
            for link in links[part.layer]:
                # The network's input is on no core.
                if link.source in links:
                    yield index, link.source, link.events(part.first, part.last).senders()
