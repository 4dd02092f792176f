"""One factor, divisor and offset for all values, as images are scaled before they are read."""

from __future__ import annotations

from math import isfinite
from typing import Any

from torch import Tensor

from snncore.layer.weights.linear import Layer


class Affine(Layer):
    """Values times a factor, over a divisor, plus an offset, in this order; nothing is learned."""

    def __init__(self, factor: float = 1.0, offset: float = 0.0, *, divisor: float = 1.0) -> None:
        super().__init__()
        numbers = float(factor), float(offset), float(divisor)
        if not all(map(isfinite, numbers)) or not divisor:
            raise ValueError(f"Affine: {numbers} are not finite numbers and a divisor beside zero")
        self.factor, self.offset, self.divisor = numbers

    @property
    def scale(self) -> float:
        """The number that values are multiplied by."""
        return self.factor / self.divisor

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"factor": self.factor, "offset": self.offset, "divisor": self.divisor}

    def forward(self, x: Tensor) -> Tensor:
        """Scale and move the values; a number that changes nothing rounds nothing."""
        self.input_shape = tuple(x.shape[2:])
        x = x if self.factor == 1.0 else x * self.factor
        x = x if self.divisor == 1.0 else x / self.divisor
        return x if self.offset == 0.0 else x + self.offset
