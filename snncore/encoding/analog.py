"""The analog input encoder: part of a network, where samples come in as they are."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from snncore.encoding.steps import StepRange, calibrated, learned_step, rounded
from snncore.layer import Layer

_MOST_BITS = 16


class Direct(Layer):
    """Values in the user's own units, as images and audio have them, for a first layer of weights.

    In floats they pass as they are; `quant.prepare` chooses the step, a power of two, to which they
    are rounded, so that the example's values fit `bits` bits. A given `exponent` fixes the step of
    2**exponent, and `learned` learns it from there; then values are rounded in floats too.
    """

    def __init__(
        self,
        bits: int = 8,
        *,
        signed: bool | None = None,
        exponent: int | None = None,
        learned: bool = False,
    ) -> None:
        super().__init__()
        if type(bits) is not int or not 2 <= bits <= _MOST_BITS:
            raise ValueError(f"Direct.bits: {bits!r} is not in 2..{_MOST_BITS}")
        if learned and exponent is None:
            raise ValueError("Direct.learned: a step is learned from a first one (give exponent)")
        self.bits, self.signed, self._exponent = bits, signed, exponent
        self.log2 = nn.Parameter(torch.tensor(float(exponent or 0))) if learned else None

    @property
    def exponent(self) -> int | None:
        """The exponent of the step, if there is one already."""
        if self.log2 is None or self.log2.device.type == "meta":
            return self._exponent
        return round(float(self.log2.detach()))

    def form(self, example: Tensor | None = None) -> StepRange:
        """Return the step and the range; if they are not given, those that an example needs.

        Raises:
            ValueError: if there is no example that they follow from.
        """
        if self.exponent is not None:
            return StepRange.of_bits(self.exponent, self.bits, self.signed is not False)
        if example is None:
            raise ValueError("its step is not known (give an example, or an exponent)")
        return calibrated(example, self.bits, self.signed)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        config: dict[str, Any] = {"bits": self.bits, "signed": self.signed}
        return config | {"exponent": self.exponent, "learned": self.log2 is not None}

    def forward(self, x: Tensor) -> Tensor:
        """Return the values, rounded if the step is known."""
        if self.exponent is None:
            return x
        form = self.form()
        step = 2.0**form.exponent if self.log2 is None else learned_step(self.log2)
        return rounded(x, form, self.log2) * step
