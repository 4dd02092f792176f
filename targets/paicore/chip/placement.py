"""A network on the cores of a chip, or of a grid of chips between which few spikes travel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from neurodeploy.chips.grid import arranged
from neurodeploy.chips.partition import CoreGraph, partition
from neurodeploy.chips.resources import Core, LayerNeeds, Placement, Slice, Spread, Use
from neurodeploy.program import Integers, Program
from targets.paicore.chip.facts import AXONS, CORES, DENDRITES, GRID, NAME, NOTES
from targets.paicore.chip.groups import Group, groups_of, senders
from targets.paicore.chip.layers import Layer, layers_of
from targets.paicore.chip.tiling import tilings

BOARD = f"a grid of {GRID[0]} x {GRID[1]} chips"


def placement(program: Program) -> Placement:
    """Return the network on the chip's cores, or on those of a grid, or why it does not fit."""
    layers, problems = layers_of(program)
    if problems:
        return Placement(NAME, (), CORES, _needs(layers, []), tuple(problems), NOTES)
    groups = groups_of(layers, tilings(layers))
    cores = tuple(core for group in groups for core in _cores(group))
    needs = _needs(layers, groups)
    spread, limit = None, CORES
    if sum(group.size for group in groups) > CORES:
        spread = _spread(groups)
        limit *= GRID[0] * GRID[1]
        if spread.used > spread.chips:
            largest = max(needs, key=lambda each: each.cores)
            words = f"takes {largest.cores} of the {len(cores)} cores that the network needs, and "
            words += f"{BOARD} has no room for them"
            return Placement(NAME, cores, limit, needs, ((largest.layer, words),), NOTES)
    return Placement(NAME, cores, limit, needs, (), NOTES, spread)


def crossings(program: Program, placed: Placement) -> dict[str, Integers]:
    """Return for each layer to how many groups on other chips each of its neurons sends."""
    if placed.spread is None:
        return {}
    layers, _ = layers_of(program)
    groups = groups_of(layers, tilings(layers))
    firsts = np.cumsum([0, *(group.cores for group in groups)])[:-1]
    chips = np.array(placed.spread.chip_of)[firsts]
    homes = _homes(layers, groups)
    away = {layer.name: np.zeros(layer.neurons, np.int64) for layer in layers}
    for index, source, block, shape in _read(groups, homes):
        there = chips[homes[source].reshape(shape)[block]] != chips[index]
        away[source].reshape(shape)[block] += there
    return away


def group_graph(layers: Sequence[Layer], groups: Sequence[Group]) -> CoreGraph:
    """Return the neurons that each pair of groups exchanges."""
    homes = _homes(layers, groups)
    ends, weights = [np.zeros((2, 0), np.int64)], [np.zeros(0, np.int64)]
    for index, source, block, shape in _read(groups, homes):
        origin, count = np.unique(homes[source].reshape(shape)[block], return_counts=True)
        ends.append(np.stack([origin, np.full_like(origin, index)]))
        weights.append(count)
    first, second = np.concatenate(ends, axis=1)
    sizes = np.array([group.size for group in groups])
    return CoreGraph.of(sizes, first, second, np.concatenate(weights))


def _spread(groups: Sequence[Group]) -> Spread:
    layers = list({group.layer.name: group.layer for group in groups}.values())
    graph = group_graph(layers, groups)
    chips = partition(graph, CORES)
    between, across = int(graph.weights.sum()) // 2, graph.cut(chips)
    chip_of = np.repeat(chips, [group.cores for group in groups])
    places, hops = arranged(graph, chips, GRID)
    where = tuple(chip_of.tolist())
    return Spread(BOARD, GRID[0] * GRID[1], where, between, across, places=places, hops=hops)


def _homes(layers: Sequence[Layer], groups: Sequence[Group]) -> dict[str, Integers]:
    """Return the group of each neuron; of one whose copies are in two, the first."""
    homes = {layer.name: np.zeros(layer.neurons, np.int64) for layer in layers}
    for index in range(len(groups) - 1, -1, -1):
        homes[groups[index].layer.name][groups[index].neurons] = index
    return homes


def _read(
    groups: Sequence[Group], homes: Mapping[str, Integers]
) -> Iterator[tuple[int, str, tuple[slice, ...], tuple[int, ...]]]:
    """Yield each group with a layer that it reads, the block there, and that layer's shape."""
    for index, group in enumerate(groups):
        for source, block, shape in senders(group):
            # The network's input is on no core.
            if source in homes:
                yield index, source, block, shape


def _cores(group: Group) -> Iterator[Core]:
    """Yield the cores of a group, whose neurons are in C order, and copies behind each."""
    steps = np.diff(group.neurons, prepend=-2)
    firsts = np.arange(0, len(group.neurons), group.capacity)
    lasts = np.append(firsts[1:], len(group.neurons))
    # A core starts with a neuron, of which the core before may have copies.
    steps[firsts] = 2
    starts = np.flatnonzero(steps > 1)
    stops = group.neurons[np.append(starts[1:], len(steps)) - 1] + 1
    name, limit = group.layer.name, AXONS * (group.rows // group.layer.weight_bits)
    parts = [
        Slice(name, *ends)
        for ends in zip(group.neurons[starts].tolist(), stops.tolist(), strict=True)
    ]
    of_core = np.searchsorted(starts, np.append(firsts, len(steps))).tolist()
    counts = np.add.reduceat(steps > 0, firsts, dtype=np.int64).tolist()
    for core, copies in enumerate((lasts - firsts).tolist()):
        uses = (
            Use("dendrites", copies * group.rows, DENDRITES),
            Use("axons", group.axons, limit),
            Use("neurons", counts[core], DENDRITES),
        )
        yield Core(tuple(parts[of_core[core] : of_core[core + 1]]), uses)


def _needs(layers: Sequence[Layer], groups: Sequence[Group]) -> tuple[LayerNeeds, ...]:
    rows: dict[str, int] = {}
    cores: dict[str, int] = {}
    for group in groups:
        name = group.layer.name
        rows[name] = rows.get(name, 0) + len(group.neurons) * group.rows
        cores[name] = cores.get(name, 0) + group.size
    return tuple(
        _need(layer, rows.get(layer.name, 0) * AXONS, cores.get(layer.name, 0)) for layer in layers
    )


def _need(layer: Layer, bits: int, cores: int) -> LayerNeeds:
    fans = [each.node.fan_in(each.shape) for each in layer.weights]
    return LayerNeeds(
        layer.name,
        layer.neurons,
        sum(int(each.max()) for each in fans),
        sum(int(each.sum()) for each in fans),
        bits,
        f"weights of {layer.weight_bits} bits" if fans else "none",
        0,
        0,
        cores,
    )
