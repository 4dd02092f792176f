"""Dense weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodeploy.data.narrow import widened
from neurodeploy.data.network.shapes import dense_shape
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.graph.floats import Floats
from neurodeploy.graph.kinds.node import Details, Weights, check_weights


@dataclass(frozen=True, eq=False)
class Dense(Weights):
    """weight @ source + bias; with an exponent, weights are integers times 2**exponent."""

    # The name of old documents, which their hashes are made of.
    document_name: ClassVar[str] = "Linear"

    source: Edge
    weight: Floats = widened(np.float64)
    bias: Floats | None = None
    exponent: int | None = None
    accumulator_bits: int | None = None

    def __post_init__(self) -> None:
        check_weights(self, axes=2)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return one axis of the outputs."""
        return dense_shape(self, self.narrow_weight.shape, inputs)

    @property
    def details(self) -> Details:
        """The exponent, and the shape of the weights."""
        return (*self.fields("exponent"), ("weight", self.narrow_weight.shape))
