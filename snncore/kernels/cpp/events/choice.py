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
# Events have to be faster by a fifth: rates vary, and so do machines.
_MARGIN = 0.8
_RATES = (0.005, 0.03)
# How often a rate beyond these is tried, and lowered where events were not faster there.
_TRIALS = 4
_REPEATS = 5
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
        parts = (
            SOURCE,
            f"{_RATES} {_TRIALS} {_MARGIN}",
            repr(self),
            torch.__version__,
            processor(),
        )
        return sha256("\0".join(parts).encode()).hexdigest()


def chosen(
    choice: Choice,
    shape: tuple[int, ...],
    dense: Sums,
    events: Sums,
    kind: torch.dtype = torch.float32,
) -> float:
    """Return the rate below which `events` is faster than `dense` on values of this shape."""
    return _rate(choice, lambda: measured(shape, dense, events, kind))


_rates: dict[Choice, float] = {}


def _rate(choice: Choice, measure: Callable[[], float]) -> float:
    if choice not in _rates:
        kept = cache.kept(choice.key, "txt")
        if kept is None:
            text = f"{measure():.6g}"
            kept = cache.make(choice.key, "txt", lambda _: (text.encode(), ""))
        _rates[choice] = float(kept.through.read_text("utf-8"))
    return _rates[choice]


def measured(
    shape: tuple[int, ...], dense: Sums, events: Sums, kind: torch.dtype = torch.float32
) -> float:
    """Measure both on random spikes, and return the rate at which they take equally long."""
    generator = torch.Generator().manual_seed(0)
    uniform = torch.rand(shape, generator=generator)
    few, more = ((uniform < rate).to(kind) for rate in _RATES)
    first, second = _seconds(events, few), _seconds(events, more)
    slope = max(second - first, 0.0) / (_RATES[1] - _RATES[0])
    allowed = _seconds(dense, more) * _MARGIN
    room = allowed - (first - slope * _RATES[0])
    if room <= 0:
        return 0.0
    rate = min(room / slope, 1.0) if slope else 1.0
    for _ in range(_TRIALS):
        # More spikes may take longer than in proportion, such as where a cache ends.
        if rate <= _RATES[1]:
            break
        most = (uniform < rate).to(kind)
        taken = _seconds(events, most)
        # Others' work on the machine lengthens times, and never shortens them.
        allowed = min(allowed, _seconds(dense, most) * _MARGIN)
        if allowed <= first:
            return 0.0
        if taken <= allowed:
            break
        rate = _RATES[0] + (rate - _RATES[0]) * (allowed - first) / (taken - first)
    return rate


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
