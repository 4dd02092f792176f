"""The size of a layer's tiles: neurons that read the same values, and fill cores as a group.

Small tiles read few values, so that a core has room for more neurons, and large ones need fewer
copies of the neurons that they read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from targets.paicore.chip.facts import DENDRITES, MOST_EXTENSION
from targets.paicore.chip.layers import Layer, extension


@dataclass(frozen=True)
class Tiling:
    """The rows and columns of a layer's tiles, and n of the 2**n rows that a neuron joins."""

    rows: int
    columns: int
    extension: int


def tilings(layers: Sequence[Layer]) -> dict[str, Tiling]:
    """Return each layer's tiling; layers that read one source join as many rows as one another."""
    on_chip = {layer.name for layer in layers}
    chosen = {layer.name: _best(layer, on_chip) for layer in layers}
    for names in _siblings(layers):
        most = max(chosen[name].extension for name in names)
        for name in names:
            chosen[name] = Tiling(chosen[name].rows, chosen[name].columns, most)
    return chosen


def capacity(layer: Layer, extended: int) -> int:
    """Return how many of a layer's neurons a core holds."""
    return DENDRITES // (layer.weight_bits << extended)


def group_size(cores: int) -> int:
    """Return the cores that a group of so many takes: a power of two."""
    return 1 << (cores - 1).bit_length()


def _best(layer: Layer, on_chip: set[str]) -> Tiling:
    _, height, width = layer.grid
    sizes = [(rows, columns) for rows in _steps(height) for columns in _steps(width)]
    options = [(_cost(layer, on_chip, *size), -size[0] * size[1], size) for size in sizes]
    cost, _, (rows, columns) = min(options)
    if cost == float("inf"):
        rows = columns = 1
    return Tiling(rows, columns, min(extension(layer.axons(rows, columns)), MOST_EXTENSION))


def _steps(size: int) -> list[int]:
    """Return the powers of two below a size, and the size."""
    return [*(1 << n for n in range((size - 1).bit_length())), size]


def _cost(layer: Layer, on_chip: set[str], rows: int, columns: int) -> float:
    """Return the cores that tiles of this size take, those of copied neurons included."""
    channels, height, width = layer.grid
    extended = extension(layer.axons(rows, columns))
    if extended > MOST_EXTENSION:
        return float("inf")
    tiles = layer.groups * -(-height // rows) * -(-width // columns)
    neurons = channels // layer.groups * rows * columns
    cores = tiles * group_size(-(-neurons // capacity(layer, extended)))
    read = sum(
        tiles * each.axons(channels // layer.groups, rows, columns)
        for each in layer.weights
        if each.source in on_chip
    )
    return cores + read * layer.weight_bits / DENDRITES


def _siblings(layers: Sequence[Layer]) -> Iterable[set[str]]:
    """Return the layers that read a source together, joined where two sources share a reader."""
    readers: dict[str, set[str]] = {}
    for layer in layers:
        for each in layer.weights:
            readers.setdefault(each.source, set()).add(layer.name)
    joined: list[set[str]] = []
    for names in readers.values():
        apart = [each for each in joined if not each & names]
        joined = [*apart, names.union(*(each for each in joined if each & names))]
    return joined
