"""Sums: of the values of several nodes, element by element, and of the windows of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod

import numpy as np

from neurodeploy.data.network.arithmetic import Arithmetic, ArithmeticWords, Array, Value
from neurodeploy.data.network.shapes import window_shape
from neurodeploy.data.structure import Edge, Pair, Shape, check_pairs, require


@dataclass(frozen=True, eq=False)
class Add(Arithmetic):
    """The sum of several values, element by element."""

    inputs: tuple[Edge, ...]

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape that all terms have."""
        require(bool(self.inputs), f"{self.name}: adds nothing")
        self.require_sources(inputs, len(self.inputs), "adds")
        unlike = sorted(set(inputs))
        words = f"{self.name}: adds values of unlike shapes {unlike}"
        require(len(unlike) == 1, words, remedy="give the terms equal shapes")
        return unlike[0]

    def terms(self, shape: Shape) -> int:
        """Return the number of terms."""
        return len(self.inputs)

    def computed(self, *values: Array) -> Array:
        """Return the sum."""
        return reduce(np.add, values)

    def spelled(
        self, words: ArithmeticWords[Value], values: Sequence[Value], shape: Shape
    ) -> Value:
        """Return the sum."""
        return reduce(words.add, values)


@dataclass(frozen=True, eq=False)
class SumPool2d(Arithmetic):
    """The sum of every window of an image."""

    inputs: tuple[Edge, ...]
    kernel: Pair
    stride: Pair

    def __post_init__(self) -> None:
        check_pairs(self, kernel=1, stride=1)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of an image of one value a window."""
        self.require_sources(inputs, 1, "adds windows of")
        return window_shape(self, inputs[0], self.kernel, self.stride)

    def terms(self, shape: Shape) -> int:
        """Return the number of values of a window."""
        return prod(self.kernel)

    def computed(self, *values: Array) -> Array:
        """Return the sums, of rows first and then of columns."""
        (total,) = values
        for axis in (2, 3):
            places, step = self.kernel[axis - 2], self.stride[axis - 2]
            every = np.lib.stride_tricks.sliding_window_view(total, places, axis=axis)
            starts = (slice(None),) * axis + (slice(None, None, step),)
            total = every[starts].sum(axis=-1)
        return total

    def spelled(
        self, words: ArithmeticWords[Value], values: Sequence[Value], shape: Shape
    ) -> Value:
        """Return the sums, of rows first and then of columns."""
        (total,) = values
        for axis in (1, 2):
            step = self.stride[axis - 1]
            reach = (shape[axis] - 1) * step + 1
            places = range(self.kernel[axis - 1])
            seen = [words.slice(total, axis, slice(i, i + reach, step)) for i in places]
            total = reduce(words.add, seen)
        return total
