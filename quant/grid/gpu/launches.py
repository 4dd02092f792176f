"""The kernels with their grids, each made once for one form of call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from quant.grid.formats import Grid
from snncore.kernels.triton import grid as kernels
from snncore.kernels.triton.launch import Launch
from snncore.kernels.triton.shape import TritonConfig

# The largest image that a program holds at once, and the largest part of a row of weights.
LARGEST_IMAGE, _LARGEST_PART = 16384, 8192


@dataclass(frozen=True)
class Grids:
    """The grids of weights and of biases, and the limit of a row's sums, in steps; 0 is none."""

    weights: Grid
    biases: Grid
    limit: int = 0


@dataclass(frozen=True)
class Batch:
    """The images whose statistics a norm takes, and how fast its running ones move."""

    images: int
    pixels: int
    momentum: float

    @property
    def numbers(self) -> tuple[Any, ...]:
        """The kernel's numbers; the last undoes the bias of the variance."""
        count = self.images * self.pixels
        return self.images, self.pixels, self.momentum, count / max(count - 1, 1)


@lru_cache(maxsize=4096)
def folding(
    rows: int, length: int, eps: float, grids: Grids, batch: Batch | None, form: int
) -> tuple[Launch, Launch]:
    """Return the launches that fold and round weights, and pass their gradients back."""
    grid, config = grids.weights, _config(length)
    steps = float(-(-grid.minimum // grid.step)), float(grid.maximum // grid.step)
    numbers: tuple[Any, ...] = (length, eps, *steps, float(grid.step), *_ends(grids.biases))
    more = (0, 0, 0.0, 0.0) if batch is None else batch.numbers
    forth = Launch(kernels.fold, rows, (*numbers, float(grids.limit), *more), form, config)
    numbers = (length, eps, *_ends(grid), *numbers[4:])
    return forth, Launch(kernels.fold_back, rows, numbers, form, config)


def _ends(grid: Grid) -> tuple[float, float]:
    return float(grid.minimum), float(grid.maximum)


@lru_cache(maxsize=4096)
def registering(count: int, above: int, grid: Grid, by_channel: bool) -> tuple[Launch, Launch]:
    """Return the launches that round a neuron's parameter, and pass its gradient back."""
    numbers: tuple[Any, ...] = (count, float(above), *_ends(grid))
    config, form = _config(count), int(by_channel)
    forth = Launch(kernels.register, 1, numbers, form, config)
    return forth, Launch(kernels.register_back, 1, numbers, form, config)


@lru_cache(maxsize=4096)
def observing(images: int, channels: int, size: int) -> tuple[Launch, Launch]:
    """Return the launches that reduce each channel of images, and pass the gradients back."""
    config, programs = _config(size, LARGEST_IMAGE), images * channels
    first = Launch(kernels.image_sums, programs, (channels, images, size), 0, config)
    numbers: tuple[Any, ...] = (channels, size, 1.0 / (images * size))
    return first, Launch(kernels.sums_back, programs, numbers, 0, config)


@lru_cache(maxsize=4096)
def snapping(count: int, unit: float) -> Launch:
    """Return the launch that rounds so many values to multiples of a unit."""
    config = TritonConfig(1024, 4, 1)
    return Launch(kernels.snap, -(-count // config.block), (count, 1 / unit, unit), 0, config)


def _config(length: int, most: int = _LARGEST_PART) -> TritonConfig:
    block = min(max(128, 1 << (length - 1).bit_length()), most)
    return TritonConfig(block, 4 if block <= 2048 else 8 if block <= 8192 else 16, 1)
