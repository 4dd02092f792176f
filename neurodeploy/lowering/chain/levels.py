"""Which layers of a network stand side by side in a layer of the chain, and what is relayed.

1. A layer's level is one more than the largest level that it reads.
2. Spikes that are read at a later level than the next are relayed at every level between.
3. Weights of one source that do not add up within a synapse read copies: relays of their own, for
   which the reader waits a level if need be.
4. A layer with delays waits a level where it would stand beside a recurrent one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.lowering.chain.branches import Branches, Unit
from neurodeploy.lowering.chain.form import ChainForm
from neurodeploy.lowering.chain.taps import Taps, taps_of
from neurodeploy.program import Conv2d, Dense


@dataclass(frozen=True)
class Slot:
    """Neurons in a layer of the chain: a layer of the network, or a relay of its spikes."""

    name: str
    relay: bool = False
    # Several relays of the same spikes are told apart by a number.
    copy: int = 0


@dataclass(frozen=True)
class Levels:
    """The slots of every layer of the chain, the input first, and the copies that weights read."""

    slots: tuple[tuple[Slot, ...], ...]
    # For each layer of the network: the copy of its source that each of its weights reads.
    copies: dict[str, tuple[int, ...]]

    def read(self, level: int, name: str, copy: int) -> Slot:
        """Return the slot before a level that holds a layer's spikes."""
        before = self.slots[level - 1]
        return next(each for each in before if (each.name, each.copy) == (name, copy))


def levels_of(branches: Branches) -> Levels:
    """Return the layers of the chain."""
    copies = {name: _copies(unit, branches.form) for name, unit in branches.units.items()}
    level = _numbers(branches, copies)
    read: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for name, unit in branches.units.items():
        for drive, copy in zip(unit.drives, copies[name], strict=True):
            read[drive.source][level[name] - 1].add(copy)
    layers: list[list[Slot]] = [[] for _ in range(1 + max(level.values()))]
    for name, own in level.items():
        layers[own].append(Slot(name))
    for name, own in level.items():
        for at, slot in _relays(name, own, read[name]):
            layers[at].append(slot)
    return Levels(tuple(map(tuple, layers)), copies)


def _numbers(branches: Branches, copies: dict[str, tuple[int, ...]]) -> dict[str, int]:
    """Return the level of every layer, the first that it can have."""
    least: dict[str, int] = {}
    while True:
        level = {branches.first: 0}
        for name, unit in branches.units.items():
            several = {d.source for d, copy in zip(unit.drives, copies[name], strict=True) if copy}
            behind = max(level[d.source] + 1 + (d.source in several) for d in unit.drives)
            level[name] = max(behind, least.get(name, 0))
        looped = {level[name] for name, unit in branches.units.items() if unit.loop is not None}
        late = [name for name, unit in branches.units.items() if unit.waits and unit.loop is None]
        beside = next((name for name in late if level[name] in looped), None)
        if beside is None:
            return level
        least[beside] = level[beside] + 1


def _relays(name: str, own: int, read: dict[int, set[int]]) -> Iterator[tuple[int, Slot]]:
    """Yield the relays of a layer's spikes, each with its level."""
    last = max(read, default=own)
    for level in range(own + 1, last + 1):
        for copy in sorted(read.get(level, set()) | ({0} if level < last else set())):
            yield level, Slot(name, True, copy)


def _copies(unit: Unit, form: ChainForm) -> tuple[int, ...]:
    """Return for each of a layer's weights the copy of its source that it reads."""
    joined: dict[str, list[Taps | Dense]] = defaultdict(list)
    copies = []
    for drive in unit.drives:
        own: Taps | Dense = taps_of(drive.node) if isinstance(drive.node, Conv2d) else drive.node
        so_far = joined[drive.source]
        for copy, other in enumerate(so_far):
            total = _sum(other, own, form)
            if total is not None:
                so_far[copy] = total
                break
        else:
            copy = len(so_far)
            so_far.append(own)
        copies.append(copy)
    return tuple(copies)


def _sum(one: Taps | Dense, other: Taps | Dense, form: ChainForm) -> Taps | Dense | None:
    """Return the weights that add up as both do, or None if a chip's synapses cannot hold them."""
    total: Taps | Dense
    if isinstance(one, Taps) and isinstance(other, Taps):
        if one.stride != other.stride:
            return None
        total = one.plus(other)
        low, high = total.span()
    elif isinstance(one, Dense) and isinstance(other, Dense):
        weight, late = _joined_dense(one, other)
        if weight is None:
            return None
        total = Dense(one.name, one.source, weight, delays=late)
        low, high = int(weight.min()), int(weight.max())
    else:
        return None
    return total if form.weights.low <= low and high <= form.weights.high else None


def _joined_dense(one: Dense, other: Dense) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """Return the sum of two dense weights with its delays; None where one synapse has two."""
    first, second = (each.narrow_weight.astype(np.int32) for each in (one, other))
    if one.delays is None and other.delays is None:
        return first + second, None
    late = [np.zeros_like(first) if e.delays is None else e.delays for e in (one, other)]
    if ((first != 0) & (second != 0) & (late[0] != late[1])).any():
        return None, None
    return first + second, np.where(first != 0, late[0], late[1])
