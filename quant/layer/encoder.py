"""The input encoder on a grid: samples become the integers that a network takes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from snncore.encoding.steps import StepRange, rounded
from snncore.layer import Layer


class InputEncoder(Layer):
    """The nearest integers, in steps of 2**exponent, from low to high: a network's first layer.

    It returns the integers themselves, so the weights behind it are 2**exponent times as large as
    for the values; the gradient passes except where values clip.
    """

    def __init__(self, exponent: int, low: int = -128, high: int = 127) -> None:
        super().__init__()
        if not low < high or max(-low, high) >= 1 << 24:
            raise ValueError(f"InputEncoder: {low}..{high} is not a range of 24 bits")
        self.form = StepRange(int(exponent), int(low), int(high))

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"exponent": self.form.exponent, "low": self.form.low, "high": self.form.high}

    def forward(self, x: Tensor) -> Tensor:
        """Return the integers."""
        return rounded(x, self.form)
