"""Events summed to frames (T, P, H, W): the events of each pixel, by polarity."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snncore.data.events import Events, Size, as_events, check_inside

# From events and the sensor's size to frames.
Frames = Callable[[Any, Size], Tensor]
# From events to the indices where frames begin, and where the last one ends.
Edges = Callable[[Events], NDArray[np.int64]]


def by_number(count: int) -> Frames:
    """Make frames with equally many events each (the last one takes the remainder)."""
    _positive("by_number", count)
    return by_edges(partial(_number_edges, count))


def by_time(count: int) -> Frames:
    """Make frames of equal duration, from the first event to the last."""
    _positive("by_time", count)
    return by_edges(partial(_time_edges, count))


def by_duration(duration: int) -> Frames:
    """Make a frame for each duration between the first event and the last."""
    _positive("by_duration", duration)
    return by_edges(partial(_duration_edges, duration))


def by_edges(edges: Edges) -> Frames:
    """Make frames that begin at your function's indices; the last index ends the last frame."""
    return partial(_summed, edges)


def _summed(edges: Edges, sample: Any, size: Size) -> Tensor:
    events = as_events(sample)
    if size[2] == 1:
        # Some data sets count their only polarity as 1.
        events = events.copy()
        events["p"] = 0
    check_inside(events, size)
    limits = np.asarray(edges(events), dtype=np.int64)
    if len(limits) < 2 or (np.diff(limits) < 0).any() or limits[0] < 0 or limits[-1] > len(events):
        words = f"are not indices of {len(events)} events in order"
        raise ValueError(f"frames: {limits.tolist()} {words}")
    width, height, polarities = size
    inside = events[limits[0] : limits[-1]]
    frame = np.repeat(np.arange(len(limits) - 1), np.diff(limits))
    pixel = (inside["p"].astype(np.int64) * height + inside["y"]) * width + inside["x"]
    pixels = polarities * height * width
    counts = np.bincount(frame * pixels + pixel, minlength=(len(limits) - 1) * pixels)
    frames = counts.reshape(-1, polarities, height, width).astype(np.float32)
    return torch.from_numpy(frames)


def _number_edges(count: int, events: Events) -> NDArray[np.int64]:
    each = len(events) // count
    return np.append(np.arange(count) * each, len(events))


def _time_edges(count: int, events: Events) -> NDArray[np.int64]:
    if len(events) == 0:
        return np.zeros(count + 1, np.int64)
    first, last = int(events["t"][0]), int(events["t"][-1])
    # Whole numbers, so that an event on an edge is always in the later frame.
    starts = [first - (-(last + 1 - first) * index // count) for index in range(count)]
    return np.append(np.searchsorted(events["t"], starts), len(events))


def _duration_edges(duration: int, events: Events) -> NDArray[np.int64]:
    if len(events) == 0:
        return np.zeros(2, np.int64)
    first, last = int(events["t"][0]), int(events["t"][-1])
    starts = np.arange(first, last + 1, duration)
    return np.append(np.searchsorted(events["t"], starts), len(events))


def _positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"frames.{name}: {value} is not positive")
