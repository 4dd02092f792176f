"""Augmentations of events, which depend only on the generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from snncore.data.events import Events, Size


class Augmentation(Protocol):
    """A change of events that a generator draws."""

    def __call__(self, events: Events, size: Size, random: np.random.Generator) -> Events:
        """Return changed events, and leave the given ones as they are."""


@dataclass(frozen=True)
class Flip:
    """Left becomes right, as often as `probability` says."""

    probability: float = 0.5

    def __call__(self, events: Events, size: Size, random: np.random.Generator) -> Events:
        """Return the changed events."""
        if random.random() >= self.probability:
            return events
        flipped = events.copy()
        flipped["x"] = size[0] - 1 - events["x"]
        return flipped


@dataclass(frozen=True)
class Shift:
    """A shift of all events by up to `most` pixels; those that leave the sensor are lost."""

    most: int = 8

    def __call__(self, events: Events, size: Size, random: np.random.Generator) -> Events:
        """Return the changed events."""
        right, down = random.integers(-self.most, self.most + 1, 2)
        moved = events.copy()
        moved["x"] += right.astype(np.int32)
        moved["y"] += down.astype(np.int32)
        width, height, _ = size
        inside = (moved["x"] >= 0) & (moved["x"] < width)
        return moved[inside & (moved["y"] >= 0) & (moved["y"] < height)]


@dataclass(frozen=True)
class DropEvents:
    """Each event is lost with a probability of its own."""

    probability: float = 0.1

    def __call__(self, events: Events, size: Size, random: np.random.Generator) -> Events:
        """Return the remaining events."""
        return events[random.random(len(events)) >= self.probability]


@dataclass(frozen=True)
class DropTime:
    """A stretch of up to `part` of the time is silent."""

    part: float = 0.2

    def __call__(self, events: Events, size: Size, random: np.random.Generator) -> Events:
        """Return the remaining events."""
        if len(events) == 0:
            return events
        first, last = int(events["t"][0]), int(events["t"][-1])
        length = random.random() * self.part * (last + 1 - first)
        begin = first + random.random() * (last + 1 - first - length)
        return events[(events["t"] < begin) | (events["t"] >= begin + length)]


@dataclass(frozen=True)
class Jitter:
    """Times move by a normal deviation, and events are brought into order again."""

    deviation: float = 100.0

    def __call__(self, events: Events, size: Size, random: np.random.Generator) -> Events:
        """Return the changed events."""
        moved = events.copy()
        moved["t"] += np.rint(random.normal(0, self.deviation, len(events))).astype(np.int64)
        return moved[np.argsort(moved["t"], kind="stable")]
