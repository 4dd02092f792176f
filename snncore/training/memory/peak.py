"""The most memory that a computation takes beside what was there before."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter


def peak_bytes(run: Callable[[], object], present: Iterable[Tensor], device: torch.device) -> int:
    """Return the most bytes that tensors take at once during a run, beside the present ones."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        run()
        return torch.cuda.max_memory_allocated(device) - before
    counter = _Counter(present)
    with counter:
        run()
    return counter.peak


class _Counter(TorchDispatchMode):
    """Counts the bytes of every tensor's memory from its first use to its end."""

    def __init__(self, present: Iterable[Tensor]) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._sizes = {each.untyped_storage()._cdata: 0 for each in present}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        results = func(*args, **(kwargs or {}))
        for each in tree_iter(results):
            if isinstance(each, Tensor):
                self._note(each.untyped_storage())
        return results

    def _note(self, storage: Any) -> None:
        key = storage._cdata
        if key in self._sizes:
            return
        self._sizes[key] = storage.nbytes()
        self.now += self._sizes[key]
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, key).atexit = False

    def _forget(self, key: int) -> None:
        self.now -= self._sizes.pop(key, 0)
