"""The rate of spikes below which event-driven sums are faster: measured once a machine and shape.

The answer is kept in the user's cache, beside the kernels.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import torch
from torch import Tensor

from snncore.kernels import cache
from snncore.kernels.cpp.build import processor
from snncore.kernels.cpp.events.text import SOURCE

Sums = Callable[[Tensor], Tensor]
# Events have to be faster by a tenth: rates vary, and so do machines.
_MARGIN = 0.9
_RATES = (0.005, 0.03)
_REPEATS = 3
# More rows take longer in proportion.
MOST_ROWS = 256


@dataclass(frozen=True)
class Choice:
    """A computation by its name and sizes, and the threads that share it."""

    name: str
    sizes: tuple[int, ...]
    threads: int

    @property
    def key(self) -> str:
        """The name under which the cache keeps the rate."""
        parts = (SOURCE, repr(self), torch.__version__, processor())
        return sha256("\0".join(parts).encode()).hexdigest()


def chosen(choice: Choice, shape: tuple[int, ...], dense: Sums, events: Sums) -> float:
    """Return the rate below which `events` is faster than `dense` on values of this shape."""
    return _rate(choice, lambda: measured(shape, dense, events))


_rates: dict[Choice, float] = {}


def _rate(choice: Choice, measure: Callable[[], float]) -> float:
    if choice not in _rates:
        kept = cache.kept(choice.key, "txt")
        if kept is None:
            text = f"{measure():.6g}"
            kept = cache.make(choice.key, "txt", lambda _: (text.encode(), ""))
        _rates[choice] = float(kept.through.read_text("utf-8"))
    return _rates[choice]


def measured(shape: tuple[int, ...], dense: Sums, events: Sums) -> float:
    """Measure both on random spikes, and return the rate at which they take equally long."""
    generator = torch.Generator().manual_seed(0)
    uniform = torch.rand(shape, generator=generator)
    few, more = ((uniform < rate).float() for rate in _RATES)
    first, second = _seconds(events, few), _seconds(events, more)
    slope = max(second - first, 0.0) / (_RATES[1] - _RATES[0])
    room = _seconds(dense, more) * _MARGIN - (first - slope * _RATES[0])
    if room <= 0:
        return 0.0
    return min(room / slope, 1.0) if slope else 1.0


def _seconds(run: Sums, x: Tensor) -> float:
    """Return the shortest time of a few; with one thread others' work does not count."""
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    run(x)
    best = float("inf")
    for _ in range(_REPEATS):
        begin = clock()
        run(x)
        best = min(best, clock() - begin)
    return best
