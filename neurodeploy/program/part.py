"""A layer of a network within a layer of a program that holds several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Pair, Shape, require
from neurodeploy.program.integers import Integers


@dataclass(frozen=True)
class Part:
    """The neurons of one layer of the network, which a program's layer holds beside others.

    In an image the part stands in channels of its own, from `first` on. With phases (fy, fx) each
    place of the image holds fy times fx places of the part, as so many groups of channels.
    """

    name: str
    shape: Shape
    # The first channel of an image, or the first neuron of a vector.
    first: int = 0
    phases: Pair = (1, 1)

    def indices(self, layer: Shape) -> Integers:
        """Return where each neuron of the part stands in a layer of this shape, in C order."""
        if len(layer) == 1:
            return self.first + np.arange(prod(self.shape)).reshape(self.shape)
        channels, height, width = self.shape
        (down, right), (_, high, wide) = self.phases, layer
        c, y, x = np.ogrid[:channels, :height, :width]
        channel = self.first + ((y % down) * right + x % right) * channels + c
        places: Integers = (channel * high + y // down) * wide + x // right
        return places

    def of(self, values: NDArray[Any], layer: Shape) -> NDArray[Any]:
        """Return the part's values (T, N, ...), given those of the whole layer."""
        flat = values.reshape(*values.shape[:2], -1)
        return flat[:, :, self.indices(layer)]

    def fits(self, layer: Shape) -> bool:
        """Return whether a layer of this shape has room for the part."""
        counts = (self.first, *self.phases, *self.shape)
        if any(type(count) is not int for count in counts) or self.first < 0:
            return False
        if min(*self.phases, *self.shape) < 1:
            return False
        if len(layer) == 1:
            return self.phases == (1, 1) and self.first + prod(self.shape) <= layer[0]
        if len(layer) != 3 or len(self.shape) != 3:
            return False
        channels = self.first + prod(self.phases) * self.shape[0]
        sides = zip(self.shape[1:], self.phases, layer[1:], strict=True)
        return channels <= layer[0] and all(-(-size // f) <= room for size, f, room in sides)


def check_parts(name: str, parts: Sequence[Part], layer: Shape) -> None:
    """Check that every part fits in a layer of this shape, and that no two share a neuron.

    Raises:
        ValidationError: if not; names the part.
    """
    taken = np.zeros(prod(layer), dtype=bool)
    for part in parts:
        require(part.fits(layer), f"{name}: the part {part.name} does not fit in {layer}")
        places = part.indices(layer)
        require(not taken[places].any(), f"{name}: the part {part.name} overlaps another")
        taken[places] = True
