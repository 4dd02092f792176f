"""Neurons that compute the chip's integers while they train."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from quant.formats import ChipFormat, Grid, chip_format
from quant.integer_step import training_step
from quant.straight_through import SpikeRule, on_grid
from snncore.neuron import CUBA_LIF, Neuron


class CubaLIF(Neuron):
    """Current based leaky integrate and fire on a chip's grid.

    Threshold and decays are rounded to what the chip's registers hold. `bias` is a count of
    channels (or neurons) with a learned bias each, added to the voltage every step.
    """

    equations = CUBA_LIF

    def __init__(
        self,
        threshold: float = 1.0,
        *,
        current_decay: float = 1.0,
        voltage_decay: float = 0.5,
        bias: int | None = None,
        exponent: int | None = None,
        format: str = "loihi",  # noqa: A002
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.format: ChipFormat = chip_format(format)
        self.exponent = self.format.exponent_or(exponent)
        self.threshold_integer = self._threshold(threshold)
        self.current_decay_integer = self._decay("current_decay", current_decay)
        self.voltage_decay_integer = self._decay("voltage_decay", voltage_decay)
        self.bias = None if bias is None else nn.Parameter(torch.zeros(bias))
        # The largest input and bias since the states were zero, which bound them.
        self._driven = (0.0, 0)
        # In a tuple, so that torch does not take a parameter of the synapse for one of ours.
        self._drive_bias: tuple[Tensor | None] = (None,)

    @property
    def unit(self) -> float:
        """What one integer of the weights, the threshold and the bias means."""
        return float(2.0**self.exponent)

    @property
    def scale(self) -> float:
        """What one integer of the current `u` and the voltage `v` means."""
        return float(2.0 ** (self.exponent - self.format.system.state("v").fraction))

    @property
    def u(self) -> Tensor | float:
        """The currents after the last step, in the numbers of training."""
        return self._scaled("u")

    @property
    def v(self) -> Tensor | float:
        """The voltages after the last step, in the numbers of training."""
        return self._scaled("v")

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        decays = 1 << self.format.system.parameter_fraction("current_decay")
        return {
            "threshold": self.threshold_integer * self.unit,
            "current_decay": self.current_decay_integer / decays,
            "voltage_decay": self.voltage_decay_integer / decays,
            "bias": None if self.bias is None else self.bias.numel(),
            "exponent": self.exponent,
            "format": self.format.name,
        } | super().config()

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """The spikes; a block hands its synapse's bias over."""
        self._drive_bias = (self.bias if bias is None else bias,)
        # Whatever precision autocast chose, the states are exact.
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.double() / self.unit).to(torch.float32)

    def quantized_bias(self, bias: Tensor | None) -> Tensor | None:
        """A bias on the chip's grid, in integers."""
        if bias is None:
            return None
        grid: Grid = self.format.biases
        return on_grid(bias.double(), grid, self.unit, "CubaLIF.bias") / self.unit

    def _stepper(self, sequence: Tensor) -> Any:
        bias = self.quantized_bias(self._drive_bias[0])
        parameters: dict[str, Any] = {
            "threshold": self.threshold_integer,
            "current_decay": self.current_decay_integer,
            "voltage_decay": self.voltage_decay_integer,
            "bias": 0 if bias is None else self._shaped(bias, sequence),
        }
        drive, largest = self._reached(sequence, bias)
        bounds = tuple(
            (name, -largest, largest) if name == "bias" else (name, value, value)
            for name, value in parameters.items()
        )
        rule = SpikeRule(self.surrogate, self.scale)
        step = training_step(self.equations, self.format.system, drive, bounds, rule)

        def run(*states_and_input: Tensor) -> tuple[Tensor, ...]:
            x = states_and_input[-1]
            results: tuple[Any, ...] = step(*states_and_input, **parameters)
            return tuple(
                r if isinstance(r, Tensor) else torch.full_like(x, float(r)) for r in results
            )

        return run

    def _reached(self, sequence: Tensor, bias: Tensor | None) -> tuple[float, int]:
        """The largest input and bias, of this sequence and of those whose states it continues."""
        drive = float(sequence.detach().abs().max()) if sequence.numel() else 0.0
        if not drive < 2**31:
            raise ValueError(f"CubaLIF: an input is NaN or beyond 32 bits ({drive:g})")
        # At least one unit: what is proved to be zero would be left out, and its gradient with it.
        drive, largest = max(drive, 1.0), 0 if bias is None else max(int(bias.abs().max()), 1)
        if self.states:
            drive, largest = max(drive, self._driven[0]), max(largest, self._driven[1])
        self._driven = (drive, largest)
        return self._driven

    def _shaped(self, bias: Tensor, sequence: Tensor) -> Tensor:
        channels = sequence.shape[2]
        if bias.numel() not in (1, channels):
            raise ValueError(f"CubaLIF.bias: {bias.numel()} values for {channels} channels")
        return bias.reshape(-1, *[1] * (sequence.ndim - 3))

    def _scaled(self, name: str) -> Tensor | float:
        return self.states[name] * self.scale if name in self.states else 0.0

    def _observe(self, spikes: Tensor, states: tuple[Tensor, ...]) -> None:
        super()._observe(spikes, tuple(value * self.scale for value in states))

    def _threshold(self, threshold: float) -> int:
        integer = _nearest("threshold", threshold / self.unit)
        grid = self.format.thresholds
        if not grid.minimum <= integer <= grid.maximum:
            raise ValueError(
                f"CubaLIF.threshold: {threshold:g} is {integer} units of {self.unit:g}, not in "
                f"{grid.minimum}..{grid.maximum} (choose another exponent or threshold)"
            )
        return integer

    def _decay(self, name: str, decay: float) -> int:
        integer = _nearest(name, decay * (1 << self.format.system.parameter_fraction(name)))
        if not 0 <= decay <= 1:
            raise ValueError(f"CubaLIF.{name}: {decay:g} is not between 0 and 1")
        return integer


def _nearest(name: str, value: float) -> int:
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"CubaLIF.{name}: the value is NaN or infinite")
    return round(value)
