"""Memory of large results on a CPU, handed out again when the tensor that had it is gone.

A system gives fresh memory page by page, each cleared first, which takes longer than a kernel
takes to fill it.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from math import prod
from threading import RLock

import numpy as np
import torch
from torch import Tensor

# Smaller results come from torch, whose allocator keeps them; the second is the most bytes kept.
_LEAST, _MOST = 1 << 20, 1 << 29


class Arena:
    """Memory that waits for the next tensor of its size."""

    def __init__(self, most: int = _MOST) -> None:
        self.most, self.kept = most, 0
        self._free: dict[int, list[np.ndarray]] = {}
        # A finalizer may run within a call of the same thread.
        self._lock = RLock()

    def empty(self, shape: Sequence[int], kind: torch.dtype) -> Tensor:
        """Return a tensor on the CPU with uninitialized values."""
        size = prod(shape) * kind.itemsize
        if size < _LEAST:
            return torch.empty(tuple(shape), dtype=kind)
        memory = self._taken(size)
        owner = memory[:]
        weakref.finalize(owner, self._give_back, memory).atexit = False
        tensor = torch.from_numpy(owner).view(kind).view(tuple(shape))
        if torch.are_deterministic_algorithms_enabled():
            # As torch does, so that a value that nobody wrote shows.
            tensor.fill_(torch.nan if kind.is_floating_point else torch.iinfo(kind).max)
        return tensor

    def _taken(self, size: int) -> np.ndarray:
        with self._lock:
            waiting = self._free.get(size)
            if waiting:
                self.kept -= size
                return waiting.pop()
        return np.empty(size, np.uint8)

    def _give_back(self, memory: np.ndarray) -> None:
        with self._lock:
            if self.kept + memory.nbytes > self.most:
                # The waiting blocks have sizes that are no longer requested, or suffice.
                self._free.clear()
                self.kept = 0
            if memory.nbytes <= self.most:
                self._free.setdefault(memory.nbytes, []).append(memory)
                self.kept += memory.nbytes


ARENA = Arena()
