"""The time that the steps of a session take."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

# Older steps count in the number of steps alone.
_RECENT = 4096


@dataclass(frozen=True)
class Latency:
    """Microseconds from the input of a step to its output, over the latest steps."""

    steps: int
    median: float
    mean: float
    # 99 of 100 steps are at most as long.
    p99: float
    longest: float

    def __str__(self) -> str:
        """Return the figures in a line."""
        words = f"median {self.median:.0f} us, 99 % within {self.p99:.0f} us"
        return f"{self.steps:,} steps: {words}, longest {self.longest:.0f} us"


class Stopwatch:
    """The durations of the latest steps."""

    def __init__(self) -> None:
        self._steps = 0
        self._recent: deque[float] = deque(maxlen=_RECENT)

    def add(self, seconds: float) -> None:
        """Count one more step."""
        self._steps += 1
        self._recent.append(seconds)

    def latency(self) -> Latency:
        """Return the figures so far; all zeros before the first step."""
        micros = np.asarray(self._recent or [0.0]) * 1e6
        median, p99 = np.percentile(micros, [50, 99])
        return Latency(
            self._steps, float(median), float(micros.mean()), float(p99), float(micros.max())
        )
