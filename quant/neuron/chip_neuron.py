"""Neurons that compute the chip's integers while they train, whatever their equations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from quant.grid.exact import counted, largest, without_autocast
from quant.grid.formats import ChipFormat, Grid
from quant.grid.registry import format_or_default, named
from quant.grid.straight_through import SpikeRule, Unit, decay_integer, decays_on_grid, on_grid
from quant.neuron.integer_step import Step, training_step
from quant.neuron.kernels import run_kernels, runs_in_kernels
from snncore.dynamics import Equations, NumberSystem
from snncore.kernels import run_sequence
from snncore.neuron import Neuron
from snncore.neuron.parameters import Given, assign, plain

# Of each parameter, in the chip's integers: a number, or a tensor with a gradient.
Integers = dict[str, "int | Tensor"]
_WHOLE = {"threshold": "thresholds", "rest": "biases", "gain": "biases"}


class ChipNeuron(Neuron):
    """Equations in a chip's number system; parameters are rounded to what its registers hold.

    `bias` is a count of channels (or neurons) with a learned bias each, added to the voltage every
    step. `learnable` names the parameters that training changes. `units_above` is added to the
    threshold's integer: -1 lets a chip that fires above its threshold fire at it.
    """

    # In what these neurons are not those of the float network that they were made of.
    deviations: tuple[str, ...] = ()
    # The layers of weights that drive them together, by name, and whether plain spikes do too.
    driven_by: tuple[str, ...] = ()
    adds_spikes = False

    def __init__(
        self,
        equations: Equations,
        values: Mapping[str, Given],
        *,
        bias: int | None,
        learnable: Collection[str] = (),
        units_above: int = 0,
        exponent: int | None,
        format: Any,  # noqa: A002
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.units_above = int(units_above)
        self.equations = equations
        self.format: ChipFormat = format_or_default(format, type(self).__name__)
        self.format.require_neuron(type(self).__name__)
        self.exponent = self.format.exponent_or(exponent)
        self.learnable = tuple(name for name in values if name in learnable)
        for name, value in values.items():
            self._require_held(name, value)
        assign(self, values, learnable)
        # One value is a number, wherever it came from.
        for name in set(values) - set(learnable):
            value = getattr(self, name)
            if isinstance(value, Tensor) and value.ndim == 0 and value.device.type != "meta":
                delattr(self, name)
                setattr(self, name, float(value))
        self._names = tuple(values)
        self.bias = None if bias is None else nn.Parameter(torch.zeros(bias))
        # The largest input and parameters since the states were zero, which bound them.
        self._driven: dict[str, tuple[int, int]] = {}
        self._drive = 1.0
        # In a tuple, so that torch does not take a parameter of the synapse for one of ours.
        self._given: tuple[Tensor | None, Unit, float | None] = (None, self.unit, None)

    @property
    def unit(self) -> float:
        """What one integer of the weights, the threshold and the bias means."""
        return float(2.0**self.exponent)

    @property
    def system(self) -> NumberSystem:
        """The chip's arithmetic for these states and parameters."""
        return self.format.system

    @property
    def reach(self) -> Given:
        """The largest that the registers must hold, in the numbers of training."""
        threshold: Any = self.threshold
        return cast(Given, threshold)

    @property
    def scale(self) -> Unit:
        """What one integer of the voltage means, in a block by its channels."""
        return self.scale_of("v")

    def scale_of(self, state: str) -> Unit:
        """What one integer of a state means, in a block by its channels."""
        return self._by_channel() * 2.0 ** -self.system.state(state).fraction

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
        values = {name: self._described(name) for name in self._names}
        own: dict[str, Any] = {
            "bias": None if self.bias is None else self.bias.numel(),
            "exponent": self.exponent,
            "format": named(self.format),
        }
        if self.learnable:
            own["learnable"] = list(self.learnable)
        if self.units_above:
            own["units_above"] = self.units_above
        return values | own | super().config()

    def forward(
        self,
        x: Tensor,
        bias: Tensor | None = None,
        unit: Unit | None = None,
        most: float | None = None,
    ) -> Tensor:
        """The spikes; a block hands its synapse's bias, its unit and a bound of its sums over."""
        own = self.unit if unit is None else unit
        self._given = (self.bias if bias is None else bias, own, most)
        # Whatever precision autocast chose, the states are exact.
        try:
            with without_autocast(x):
                return super().forward(x).to(torch.float32)
        finally:
            # What a copy must not hold is the bias, which has a history.
            self._given = (None, own, None)

    def integers(self, unit: Unit | None = None, bias: Tensor | None = None) -> Integers:
        """Every parameter as the chip holds it: one for the layer, or one a channel."""
        own = self.unit if unit is None else unit
        values: Integers = {name: self._integer(name, own) for name in self._names}
        given = self.bias if bias is None else bias
        values["bias"] = 0 if given is None else self._on(given, self.format.biases, own, "bias")
        return {name: values[name] for name in self.equations.parameters}

    def _described(self, name: str) -> Any:
        """A parameter as plain data; what is learned within its registers, as it acts."""
        value = getattr(self, name)
        if name not in self.learnable:
            return plain(value)
        low, high = 0.0, 1.0
        if self._is_whole(name):
            grid, above = self._grid(name), self._above(name)
            unit = float(self._unit_for(name, self.unit))
            low, high = ((end - above) * unit for end in (grid.minimum, grid.maximum))
        # The tensors of a file keep what learning has led beyond.
        return plain(value.detach().clamp(low, high))

    def _integer(self, name: str, unit: Unit) -> int | Tensor:
        value = getattr(self, name)
        if not self._is_whole(name):
            if not isinstance(value, Tensor):
                return self._decay(name, value)
            self._finite(name, largest(value))
            return decays_on_grid(value, self.format.decays)
        if not isinstance(value, Tensor):
            if not isinstance(unit, Tensor):
                return self._whole(name, value)
            value = torch.tensor(value, dtype=torch.float64, device=unit.device)
        own = self._unit_for(name, unit)
        return self._on(value, self._grid(name), own, name, self._above(name))

    def _on(self, value: Tensor, grid: Grid, unit: Unit, name: str, above: int = 0) -> Tensor:
        counted = value.double() / unit + above
        return on_grid(counted, grid, 1.0, f"{type(self).__name__}.{name}")

    def _above(self, name: str) -> int:
        return self.units_above if name == "threshold" else 0

    def _is_whole(self, name: str) -> bool:
        """Whether a parameter counts in the unit of the weights; else it is a share of a state."""
        return name in _WHOLE

    def _unit_for(self, name: str, unit: Unit) -> Unit:
        """What one integer of a parameter means, where one of the weights is worth a unit."""
        return unit

    def _grid(self, name: str) -> Grid:
        grid: Grid = getattr(self.format, _WHOLE[name])
        return grid

    def _through(self, sequence: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        bias, unit, most = self._given
        found = self.integers(unit, bias)
        parameters = {name: self._shaped(name, value, sequence) for name, value in found.items()}
        if isinstance(unit, Tensor) and unit.ndim:
            unit = unit.reshape(-1, *[1] * (sequence.ndim - 3))
        unit = self._counts_in(unit)
        drive = _most_units(sequence, unit) if most is None else most
        bounds = self._reached(drive, parameters)
        if most is None:
            self._require_whole(sequence, unit)
        step = Step(self.equations, self.system, self._drive, bounds)
        rule = SpikeRule(self.surrogate, self._distance_unit())
        states = self._states_for(sequence[0]) if self.states else ()
        if self.record is None and runs_in_kernels(self.backend, step, rule, sequence):
            return run_kernels(step, rule, sequence, float(unit), states, parameters)
        observer = None if self.record is None else self._observe
        stepper = self._eager(step, rule, parameters)
        states = states or self._states_for(sequence[0])
        return run_sequence(stepper, states, (counted(sequence, unit),), observer)

    def _require_whole(self, sequence: Tensor, unit: Unit) -> None:
        """Check that what drives neurons of a unit above 1 are multiples of it.

        Weighted sums are; a plain spike is not, and would be counted as a whole unit.

        Raises:
            ValueError: if a value is none; says which.
        """
        if isinstance(unit, Tensor) or unit <= 1:
            return
        apart = torch.remainder(sequence.detach(), unit) != 0
        if bool(apart.any()):
            value = float(sequence.detach()[apart][0])
            raise ValueError(
                f"{type(self).__name__}: is driven by {value:g}, no multiple of its unit "
                f"2^{self.exponent} (put quant.Linear or quant.Conv2d of this exponent between "
                "plain spikes and these neurons, or use an exponent of at most 0)"
            )

    def _counts_in(self, unit: Unit) -> Unit:
        """What of a sequence is one integer of what drives the neurons."""
        return unit

    def _initial(self, name: str, x: Tensor) -> Tensor:
        return torch.zeros_like(x, dtype=torch.float64)

    def _eager(self, made: Step, rule: SpikeRule, parameters: Integers) -> Any:
        step = training_step(*made, rule)

        def run(*states_and_input: Tensor) -> tuple[Tensor, ...]:
            x = states_and_input[-1]
            results: tuple[Any, ...] = step(*states_and_input, **parameters)
            return tuple(
                r if isinstance(r, Tensor) else torch.full_like(x, float(r)) for r in results
            )

        return run

    def _reached(
        self, drive: float, parameters: Mapping[str, Any]
    ) -> tuple[tuple[str, int, int], ...]:
        """Bounds of the input and the parameters, over all steps that the states continue."""
        if not drive < 2**31:
            name = type(self).__name__
            raise ValueError(f"{name}: an input is NaN or beyond 32 bits ({drive:g})")
        # At least one unit: what is proved to be zero would be left out, and its gradient with it.
        drive = max(drive, 1.0)
        bounds = {name: _bound(value) for name, value in parameters.items()}
        if self.states:
            drive = max(drive, self._drive)
            for name, (low, high) in self._driven.items():
                bounds[name] = min(low, bounds[name][0]), max(high, bounds[name][1])
        if (drive, bounds) != (self._drive, self._driven):
            self._drive, self._driven = drive, bounds
        return tuple((name, low, high) for name, (low, high) in bounds.items())

    def _shaped(self, name: str, value: int | Tensor, sequence: Tensor) -> int | Tensor:
        if not isinstance(value, Tensor):
            return value
        channels = sequence.shape[2]
        if value.numel() not in (1, channels):
            kind = type(self).__name__
            raise ValueError(f"{kind}.{name}: {value.numel()} values for {channels} channels")
        return value.reshape(-1, *[1] * (sequence.ndim - 3))

    def _by_channel(self) -> Unit:
        """The unit of the weights, shaped to meet a step of the states."""
        unit = self._given[1]
        if isinstance(unit, Tensor) and unit.ndim and self.input_shape is not None:
            unit = unit.reshape(-1, *[1] * (len(self.input_shape) - 1))
        return unit

    def _distance_unit(self) -> Unit:
        """What one integer of the distance from the threshold means."""
        return self.scale

    def _scaled(self, name: str) -> Tensor | float:
        return self.states[name] * self.scale_of(name) if name in self.states else 0.0

    def _observe(self, spikes: Tensor, states: tuple[Tensor, ...]) -> None:
        named = zip(self.equations.states, states, strict=True)
        super()._observe(spikes, tuple(value * self.scale_of(name) for name, value in named))

    def _require_held(self, name: str, value: Given) -> None:
        """Nothing if a register holds the parameter.

        Raises:
            ValueError: if it holds none so large, or the value is none.
        """
        if isinstance(value, float | int) and not isinstance(value, bool):
            _ = self._whole(name, value) if self._is_whole(name) else self._decay(name, value)
            return
        tensor = torch.as_tensor(value, dtype=torch.float32).detach()
        if tensor.device.type != "meta" and tensor.numel():
            for end in (tensor.min(), tensor.max()):
                self._require_held(name, float(end))

    def _whole(self, name: str, value: float) -> int:
        unit = float(self._unit_for(name, self.unit))
        integer = round(self._finite(name, value / unit)) + self._above(name)
        grid = self._grid(name)
        if not grid.minimum <= integer <= grid.maximum:
            raise ValueError(
                f"{type(self).__name__}.{name}: {value:g} is {integer} units of {unit:g}, not "
                f"in {grid.minimum}..{grid.maximum} (choose another exponent or {name})"
            )
        return integer

    def _decay(self, name: str, value: float) -> int:
        if not 0 <= self._finite(name, value) <= 1:
            raise ValueError(f"{type(self).__name__}.{name}: {float(value)} is not between 0 and 1")
        return decay_integer(value, self.format.decays)

    def _finite(self, name: str, value: float) -> float:
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError(f"{type(self).__name__}.{name}: the value is NaN or infinite")
        return value


def _most_units(sequence: Tensor, unit: Unit) -> float:
    if isinstance(unit, Tensor) and unit.ndim:
        return largest(sequence / unit)
    return largest(sequence) / float(unit)


def _bound(value: int | Tensor) -> tuple[int, int]:
    """Ends between which a parameter lies; for tensors powers of two, so that steps are reused."""
    if not isinstance(value, Tensor):
        return value, value
    size = 1 << (int(value.detach().abs().max()) if value.numel() else 0).bit_length()
    return -size, size
