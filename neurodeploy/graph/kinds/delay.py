"""Values of some steps ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.data.network.shapes import read_shape
from neurodeploy.data.structure import Edge, Shape, require
from neurodeploy.graph.floats import Floats, check_finite
from neurodeploy.graph.kinds.node import Details, Node


@dataclass(frozen=True, eq=False)
class Delay(Node):
    """The source's value some steps ago; one number of steps, or one for each channel."""

    source: Edge
    steps: Floats

    def __post_init__(self) -> None:
        check_finite(self, "steps")
        is_whole = bool((self.steps == np.rint(self.steps)).all()) and self.steps.ndim <= 1
        fits = (
            is_whole and self.steps.size > 0 and 0 <= self.steps.min() <= self.steps.max() < 1 << 20
        )
        require(fits, f"{self.name}.steps: these are not numbers of steps")

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of the source."""
        shape = read_shape(self, inputs)
        fits = self.steps.size == 1 or self.steps.shape == shape[:1]
        require(fits, f"{self.name}.steps: {self.steps.size} delays for {shape[0]} channels")
        return shape

    @property
    def details(self) -> Details:
        """Nothing beside the shape."""
        return ()
