"""Synapses counted by the values of their source, for a part of the source alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from neurodeploy.program import Integers


@dataclass(frozen=True)
class Events:
    """How many synapses each value of a block of the source has to some neurons.

    A count stands for all values of the block to which it is broadcast; values outside of the
    block have none.
    """

    # The source in as many dimensions as the block has.
    shape: Shape
    block: tuple[slice, ...]
    counts: Integers

    @property
    def alike(self) -> int:
        """The number of values for which each count stands."""
        size = prod(len(range(length)[part]) for length, part in self._parts())
        return size // max(self.counts.size, 1)

    @property
    def axons(self) -> int:
        """The number of values that have a synapse."""
        return int(np.count_nonzero(self.counts)) * self.alike

    def each(self) -> Integers:
        """Return the count of every value of the source, in C order."""
        result: Integers = np.zeros(self.shape, dtype=np.int64)
        result[self.block] += self.counts
        return result.reshape(-1)

    def mark(self, totals: Integers) -> None:
        """Add 1 to the total of each value that has a synapse; totals are in C order."""
        totals.reshape(self.shape)[self.block] += self.counts > 0

    def senders(self) -> Integers:
        """Return the positions of the values that have a synapse, in C order."""
        size = tuple(len(range(length)[part]) for length, part in self._parts())
        at = np.nonzero(np.broadcast_to(self.counts > 0, size))
        moved = [index + part.start for index, part in zip(at, self.block, strict=True)]
        positions: NDArray[np.int64] = np.ravel_multi_index(moved, self.shape).astype(np.int64)
        return positions

    def _parts(self) -> zip[tuple[int, slice]]:
        return zip(self.shape, self.block, strict=True)
