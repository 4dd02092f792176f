"""A chip's registers as data: the integers of a neuron's parameters, and the value of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from quant.grid.formats import ChipFormat, Decays, Grid
from quant.grid.gpu.registers import rounded, rounds
from quant.grid.scale import device_number
from quant.grid.straight_through import (
    Unit,
    decay_integer,
    decays_on_grid,
    on_grid,
    require_finite,
)
from snncore.neuron.parameters import Given


@dataclass(frozen=True)
class Register:
    """A chip's register for one parameter: on a grid of integers, or as a decay from 0 to 1.

    An integer of a grid is worth a unit of the weights, or 2**-fraction of the parameter; one
    that counts per unit is worth 2**-fraction for each unit of the weights.
    """

    name: str
    grid: Grid | Decays
    fraction: int | None = None
    # Added to the integer after rounding.
    above: int = 0
    # Whether the unit of the weights must be large enough for what this register holds.
    bounds_unit: bool = False
    per_unit: bool = False

    def unit(self, of_weights: Unit) -> Unit:
        """Return the value of one integer, for weights that count in this unit."""
        if self.fraction is None:
            return of_weights
        return 2.0**-self.fraction / of_weights if self.per_unit else 2.0**-self.fraction

    def limits(self, of_weights: float) -> tuple[float, float]:
        """Return the smallest and the largest value, for weights that count in this unit."""
        if isinstance(self.grid, Decays):
            return 0.0, 1.0
        unit = float(self.unit(of_weights))
        return (self.grid.minimum - self.above) * unit, (self.grid.maximum - self.above) * unit

    @property
    def ends(self) -> tuple[int, int]:
        """The smallest and the largest integer."""
        if isinstance(self.grid, Decays):
            return 0, 1 << self.grid.bits
        return self.grid.minimum, self.grid.maximum

    def require(self, value: Given, of_weights: float, neuron: str) -> None:
        """Check that the register can hold a value.

        Raises:
            ValueError: if it cannot, or the value is NaN or infinite; names the parameter.
        """
        if isinstance(value, float | int) and not isinstance(value, bool):
            self._number(value, of_weights, neuron)
            return
        tensor = torch.as_tensor(value, dtype=torch.float32).detach()
        if tensor.device.type != "meta" and tensor.numel():
            for end in (tensor.min(), tensor.max()):
                self._number(float(end), of_weights, neuron)

    def integer(self, value: float | Tensor, of_weights: Unit, neuron: str) -> int | Tensor:
        """Return the integers of a value, with a gradient if it is a tensor.

        Raises:
            ValueError: if the register cannot hold a number, or a value is NaN or infinite.
        """
        if not isinstance(value, Tensor):
            if isinstance(self.grid, Decays) or not isinstance(of_weights, Tensor):
                return self._number(value, of_weights, neuron)
            value = device_number(float(value), of_weights.device)
        name = f"{neuron}.{self.name}"
        if isinstance(self.grid, Decays):
            require_finite(value, name)
            return decays_on_grid(value, self.grid)
        unit = self.unit(of_weights)
        if rounds(value, unit, self.grid):
            message = f"{name}: a value is NaN or infinite"
            return rounded(value, unit, self.grid, self.above, message)
        units = value.double() / unit + self.above
        return on_grid(units, self.grid, 1.0, name)

    def _number(self, value: float, of_weights: Unit, neuron: str) -> int:
        name = f"{neuron}.{self.name}"
        if isinstance(self.grid, Decays):
            _require_finite(value, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name}: {float(value)} is not between 0 and 1")
            return decay_integer(value, self.grid)
        unit = float(self.unit(of_weights))
        _require_finite(value / unit, name)
        integer = round(value / unit) + self.above
        low, high = self.grid.minimum, self.grid.maximum
        if not low <= integer <= high:
            raise ValueError(
                f"{name}: {value:g} is {integer} units of {unit:g}, not in {low}..{high} "
                f"(choose another exponent or {self.name})"
            )
        return integer


def registers(form: ChipFormat, names: Iterable[str]) -> tuple[Register, ...]:
    """Return a chip's registers for the parameters of its usual neurons."""
    usual = {
        "threshold": Register("threshold", form.thresholds, bounds_unit=True),
        "rest": Register("rest", form.biases),
        "gain": Register("gain", form.biases),
        "threshold_step": Register("threshold_step", form.biases),
    }
    return tuple(usual.get(name, Register(name, form.decays)) for name in names)


def _require_finite(value: float, name: str) -> None:
    if not isfinite(value):
        raise ValueError(f"{name}: the value is NaN or infinite")
