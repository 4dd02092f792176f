"""A simulated event camera, whose pixels report changes of the logarithm of their light."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snncore.data.events import EVENT, Events, events

_Floats = NDArray[np.float64]
# Of red, green and blue (ITU-R BT.601).
_LUMINANCE = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class EventSensor:
    """Pixels that send an event each time the logarithm of their light moves by a threshold.

    Polarity is 1 where it became brighter, and 0 where it became darker.
    """

    threshold: float = 0.25
    # The deviation of the pixels' thresholds, as a part of the threshold.
    spread: float = 0.0
    # Events without a cause, of each pixel and second.
    noise: float = 0.0
    # Light that every pixel sees besides, so that black has a logarithm.
    floor: float = 0.05

    def __post_init__(self) -> None:
        for name in ("threshold", "floor"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"sensor.{name}: {getattr(self, name)} is not positive")
        for name in ("spread", "noise"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"sensor.{name}: {getattr(self, name)} is negative or not finite")

    def __call__(self, video: NDArray[Any], duration: int, random: np.random.Generator) -> Events:
        """Return the events of a video (F, H, W) of light that lasts so many microseconds.

        Of colours (F, H, W, 3) the luminance counts, and bytes are parts of 255.

        Raises:
            ValueError: if the video has another shape, or light that is negative or not finite.
        """
        light = self._logarithm(video)
        size = light.shape[1:]
        thresholds = self.threshold * np.exp(self.spread * random.standard_normal(size))
        # A pixel starts from rest: the first image causes nothing.
        levels = (light - light[0]) / thresholds
        parts = (_crossings(levels, duration), _noise(self.noise, size, duration, random))
        whole = np.concatenate(parts)
        return events(whole["t"], whole["x"], whole["y"], whole["p"])

    def _logarithm(self, video: NDArray[Any]) -> _Floats:
        array = np.asarray(video)
        images = array.astype(np.float64) / (255 if array.dtype == np.uint8 else 1)
        if images.ndim == 4 and images.shape[-1] == 3:
            images = images @ _LUMINANCE
        if images.ndim != 3 or 0 in images.shape:
            raise ValueError(f"sensor: a video (F, H, W) is needed, and this is {images.shape}")
        if not (np.isfinite(images) & (images >= 0)).all():
            raise ValueError("sensor: light is finite and not negative")
        return np.log(images + self.floor)


def _crossings(levels: _Floats, duration: int) -> Events:
    """Return the events between the images, with light that moves evenly from each to the next.

    Levels count in thresholds. A pixel remembers the last whole one that it crossed, and sends
    nothing before it reaches the one above or below.
    """
    last = np.zeros(levels.shape, np.int64)
    for before, after, now in zip(last, last[1:], levels[1:], strict=False):
        after[...] = np.clip(before, np.floor(now), np.ceil(now))
    moved = np.diff(last, axis=0)
    count = np.abs(moved).ravel()
    pixel = np.repeat(np.arange(len(count)), count)
    # The first, second, ... event of each pixel between two images.
    order = np.arange(len(pixel)) - np.repeat(np.cumsum(count) - count, count) + 1
    step, y, x = np.unravel_index(pixel, moved.shape)
    sign = np.sign(moved[step, y, x])
    crossed, before = last[step, y, x] + sign * order, levels[step, y, x]
    part = np.clip((crossed - before) / (levels[step + 1, y, x] - before), 0, 1)
    return _table((step + part) * (duration / max(len(moved), 1)), x, y, sign > 0)


def _noise(
    rate: float, size: tuple[int, ...], duration: int, random: np.random.Generator
) -> Events:
    """Draw events that no light causes, evenly over pixels, time and polarity."""
    height, width = size
    count = int(random.poisson(rate * height * width * duration / 1e6))
    x, y, polarity = (random.integers(0, most, count) for most in (width, height, 2))
    return _table(random.uniform(0, duration, count), x, y, polarity)


def _table(t: _Floats, x: NDArray[Any], y: NDArray[Any], p: NDArray[Any]) -> Events:
    table = np.zeros(len(t), EVENT)
    # Whole microseconds; the order is brought about once, at the end.
    table["t"], table["x"], table["y"], table["p"] = np.floor(t).astype(np.int64), x, y, p
    return table
