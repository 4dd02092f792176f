"""The largest values of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.data.network.shapes import read_shape, window_shape
from neurodeploy.data.structure import Edge, Pair, Shape, check_pairs, check_window_padding
from neurodeploy.program.kinds.conv2d import Conv2d
from neurodeploy.program.kinds.node import Node, Selection
from neurodeploy.program.spelling import edge_sum
from snncore.dynamics import Equations


@dataclass(frozen=True, eq=False)
class MaxPool2d(Selection):
    """The largest value of every window; a padded value is never the largest."""

    source: Edge
    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)

    def __post_init__(self) -> None:
        check_pairs(self, kernel=1, stride=1, padding=0)
        check_window_padding(self, self.kernel, self.padding)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of an image of one value a window."""
        shape = read_shape(self, inputs)
        return window_shape(self, shape, self.kernel, self.stride, self.padding)

    def spike_kernel(self, channels: int, weight: int, bits: int) -> Node | None:
        """Return weights of one size over every window: a spike among them is the largest value."""
        kernel = np.full((channels, 1, *self.kernel), weight)
        windows = (self.stride, self.padding, (1, 1), channels)
        return Conv2d(self.name, self.source, kernel, *windows, accumulator_bits=bits)

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return `maxpool2d(source)` and its windows."""
        form = f"stride {self.stride} padding {self.padding}"
        return f"maxpool2d({edge_sum(self.sources)}) kernel {self.kernel} {form}"
