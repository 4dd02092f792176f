"""The positions that each window of an image sees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Windows:
    """A table (windows, positions) of an image's pixels, -1 for padding, and the windows' size."""

    table: Tensor
    size: tuple[int, ...]


def whole(width: int = 1) -> Windows:
    """Return the single window of values without pixels, or one for each pixel."""
    return Windows(torch.arange(width, dtype=torch.int32)[:, None], ())


@lru_cache(maxsize=64)
def windows(
    image: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair = (1, 1)
) -> Windows:
    """Return the windows of an image (height, width)."""
    y, x = (_axis(*each) for each in zip(image, kernel, stride, padding, dilation, strict=True))
    inside = (y >= 0)[:, None, :, None] & (x >= 0)[None, :, None, :]
    pixels = y[:, None, :, None] * image[1] + x[None, :, None, :]
    table = torch.where(inside, pixels, -1).to(torch.int32)
    size = (len(y), len(x))
    return Windows(table.reshape(len(y) * len(x), -1).contiguous(), size)


def _axis(size: int, kernel: int, stride: int, padding: int, dilation: int) -> Tensor:
    """Return what each window sees along an axis, -1 in the padding."""
    count = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    first = torch.arange(count)[:, None] * stride - padding
    seen = first + torch.arange(kernel)[None, :] * dilation
    return torch.where(seen < size, seen, -1).clamp(min=-1)
