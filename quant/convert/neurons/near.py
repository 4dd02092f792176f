"""A chip's neuron before its unit is known, and the words for how it differs from a float one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from quant.grid.formats import ChipFormat
from quant.grid.straight_through import decay_integers

# The neurons that never fire.
READOUT = "LeakyIntegrator"


@dataclass(frozen=True)
class Nearest:
    """The arguments of a chip's neuron, before its unit is known."""

    kind: str
    values: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    # The factor on the input in floats; on the chip the threshold is divided by it instead.
    gain: float = 1.0
    bias: Any = 0.0
    # The units to add to the threshold, so that firing at it and above it agree.
    units_above: int = 0
    deviations: tuple[str, ...] = ()
    # The names of the values that count in the unit of the input, and of those that count per unit.
    whole: tuple[str, ...] = ("threshold",)
    per_unit: tuple[str, ...] = ()
    # The largest integer of a threshold, where that is less than the chip's.
    largest: int | None = None
    # The layer, if errors of the chip's neuron do not name it.
    layer: str = ""

    def form(self, form: ChipFormat) -> ChipFormat:
        """Return the chip's format with the thresholds that these neurons can reach."""
        grid = form.thresholds
        if self.largest is None or self.largest >= grid.maximum:
            return form
        return replace(form, thresholds=replace(grid, maximum=self.largest))

    def threshold(self) -> Any:
        """Return the largest value that an unscaled input is compared with; None for a readout."""
        if self.kind == READOUT:
            return None
        if self.whole == ("threshold",):
            return self.values["threshold"] / self.gain
        sizes = [torch.as_tensor(self.values[name]).abs().max() for name in self.whole]
        return max((float(size) for size in sizes), default=0.0) or 1.0

    def scaled(self, factor: float) -> dict[str, Any]:
        """Return the values for an input that is `factor` times as large."""
        grown = {name: self.values[name] / self.gain * factor for name in self.whole}
        shrunk = {name: self.values[name] * self.gain / factor for name in self.per_unit}
        return self.values | grown | shrunk


def rounding(decay: Any, form: ChipFormat, what: str = "decay") -> tuple[str, ...]:
    """Return the words for what the chip's nearest decay changes."""
    exact = torch.as_tensor(decay).detach().double().reshape(-1)
    rounded = decay_integers(exact, form.decays) / (1 << form.decays.bits)
    error = (rounded - exact).abs()
    worst = int(error.argmax())
    if float(error[worst]) < 1e-6:
        return ()
    before, after = distinguished(float(exact[worst]), float(rounded[worst]))
    return (f"a {what} of {before} becomes {after}",)


def distinguished(first: float, second: float) -> tuple[str, str]:
    """Return two unequal numbers with as few digits, from four on, as show the difference."""
    pairs = ((f"{first:.{digits}g}", f"{second:.{digits}g}") for digits in range(4, 18))
    return next(pair for pair in pairs if pair[0] != pair[1])


def detached(value: Any) -> Any:
    """Return a copy of a tensor without its gradient; a number is itself."""
    return value.detach().clone() if isinstance(value, Tensor) else value
