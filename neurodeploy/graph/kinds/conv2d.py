"""Kernels of weights that move over an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.data.narrow import widened
from neurodeploy.data.network.shapes import read_shape, window_shape
from neurodeploy.data.structure import Edge, Pair, Shape, check_pairs, require
from neurodeploy.graph.floats import Floats
from neurodeploy.graph.kinds.node import Details, Weights, check_weights


@dataclass(frozen=True, eq=False)
class Conv2d(Weights):
    """A correlation in torch's order: (out, in / groups, height, width)."""

    source: Edge
    weight: Floats = widened(np.float64)
    bias: Floats | None = None
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    exponent: int | None = None
    accumulator_bits: int | None = None

    def __post_init__(self) -> None:
        check_weights(self, axes=4)
        check_pairs(self, stride=1, padding=0, dilation=1)
        divides = self.groups >= 1 and self.narrow_weight.shape[0] % self.groups == 0
        require(divides, f"{self.name}.groups: {self.groups} does not divide the channels")

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of an image of one value a window and output channel."""
        outputs, group, height, width = self.narrow_weight.shape
        windows = ((height, width), self.stride, self.padding, self.dilation)
        shape = read_shape(self, inputs)
        _, *size = window_shape(self, shape, *windows, channels=group * self.groups)
        return (outputs, *size)

    @property
    def details(self) -> Details:
        """The windows, the exponent, and the shape of the weights."""
        shown = self.fields("stride", "padding", "dilation", "groups", "exponent")
        return (*shown, ("weight", self.narrow_weight.shape))
