"""Neurons that compute the chip's integers while they train, whatever their equations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from quant.grid.exact import counted, without_autocast
from quant.grid.formats import ChipFormat
from quant.grid.gpu.folding import WholeBias
from quant.grid.noted import is_deferred, promise
from quant.grid.registry import format_or_default, named
from quant.grid.straight_through import SpikeRule, Unit
from quant.neuron.at_once import AtOnce
from quant.neuron.inputs import most_units, unit_of_input
from quant.neuron.integer_step import (
    BoundedStep,
    enclosing,
    largest_sent,
    sent_range,
    training_equations,
    training_step,
)
from quant.neuron.kernels import Kernels, run_kernels
from quant.neuron.register import Register, registers
from snncore.dynamics import Equations, NumberSystem
from snncore.dynamics.arithmetic.integer import distance_fraction
from snncore.dynamics.arithmetic.interval import Interval
from snncore.kernels import run_sequence
from snncore.neuron import Neuron
from snncore.neuron.parameters import Given, assign, plain
from snncore.one_node import OneNode, one_node

# The value of each parameter in the chip's integers: a number, or a tensor with a gradient.
Integers = dict[str, "int | Tensor"]


class ChipNeuron(OneNode, Neuron):
    """Equations in a chip's number system; parameters are rounded to what its registers hold.

    `registers` describes the registers of parameters that differ from the usual ones; `numbers`
    names the states that are plain numbers and do not count in the unit of the weights.
    `bias` is a count of channels (or neurons) with a learned bias each, added to the voltage every
    step. `learnable` names the parameters that training changes. `units_above` is added to the
    threshold's integer: -1 lets a chip that fires above its threshold fire at it.
    """

    # How these neurons differ from the float originals.
    deviations: tuple[str, ...] = ()
    # The layers of weights that drive them together, by name, and whether plain spikes do too.
    driven_by: tuple[str, ...] = ()
    adds_spikes = False
    # The state that is compared with the threshold.
    _voltage = "v"
    # The value of one integer of the input; None means a unit of the weights.
    _input_unit: float | None = None
    # The last call's kernel, for others like it.
    _at_once: AtOnce | None = None

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
        registers: Collection[Register] | None = None,
        system: NumberSystem | None = None,
        numbers: Collection[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.units_above = int(units_above)
        self.equations = equations
        self.format: ChipFormat = format_or_default(format, type(self).__name__)
        self.format.require_neuron(type(self).__name__)
        self.exponent = self.format.exponent_or(exponent)
        self.learnable = tuple(name for name in values if name in learnable)
        self._system = self.format.system if system is None else system
        self._numbers = frozenset(numbers)
        self._distance = distance_fraction(equations, self._system)
        self._registers = self._tabled(registers, tuple(values))
        for name, value in values.items():
            self._registers[name].require(value, self.unit, type(self).__name__)
        assign(self, values, learnable)
        # A single value is a number, whatever its source.
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
        # The largest input that training on a GPU assumes, once it has seen one.
        self._assumed: float | None = None
        self._kernels = Kernels()
        self._sends_bits = self.sends_bits
        # The unit in which the last input was counted: a block's unit may differ by channel.
        self._counted: Unit = self.unit

    @property
    def unit(self) -> float:
        """The value of one integer of the weights, the threshold and the bias."""
        return float(2.0**self.exponent)

    @property
    def system(self) -> NumberSystem:
        """The chip's arithmetic for these states and parameters."""
        return self._system

    @property
    def reach(self) -> Given:
        """The largest value that the unit must leave room for, in the numbers of training."""
        names = [each.name for each in self._registers.values() if each.bounds_unit]
        if names == ["threshold"]:
            threshold: Any = self.threshold
            return cast(Given, threshold)
        sizes = (torch.as_tensor(getattr(self, name)).detach().abs().max() for name in names)
        return max(map(float, sizes), default=0.0) or 1.0

    @property
    def scale(self) -> Unit:
        """The value of one integer of the voltage, in a block by its channels."""
        return self.scale_of(self._voltage)

    @property
    def largest_sent(self) -> int:
        """The largest size of what one neuron sends in a step, 1 if it sends spikes."""
        return largest_sent(self.equations, self.system)

    @property
    def sends_bits(self) -> bool:
        """Whether one neuron sends 0 or 1."""
        return sent_range(self.equations, self.system).within(Interval(0, 1))

    def require_exact(self, drive: int) -> None:
        """Check that floats compute a step exactly, for inputs of at most `drive` units.

        Raises:
            ValueError: if a value may be too large for them.
        """
        bounds = tuple((name, *_bound(value)) for name, value in self.integers().items())
        training_equations(self.equations, self.system, enclosing(drive), bounds)

    def unit_of(self, parameter: str, of_weights: Unit) -> Unit:
        """Return the value of one integer of a parameter, for weights that count in a unit."""
        fraction = self.system.parameter_fraction(parameter)
        if fraction and self._registers[parameter].per_unit:
            return self._registers[parameter].unit(of_weights)
        return 2.0**-fraction if fraction else of_weights

    def argument_of(self, parameter: str) -> str:
        """Return the name of the argument that gives a parameter."""
        return parameter

    def scale_of(self, state: str) -> Unit:
        """Return the value of one integer of a state, in a block by its channels."""
        smallest = 2.0 ** -self.system.state(state).fraction
        return smallest if state in self._numbers else self._by_channel() * smallest

    @property
    def u(self) -> Tensor | float:
        """The currents after the last step, in the numbers of training."""
        return self._scaled("u")

    @property
    def v(self) -> Tensor | float:
        """The voltages after the last step, in the numbers of training."""
        return self._scaled("v")

    def config(self) -> dict[str, Any]:
        """Return the arguments of an equal module as plain data."""
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

    def result_like(self, x: Tensor) -> Tensor:
        """Return a tensor of the spikes' shape and type."""
        return x.float()

    def stateful(self) -> ChipNeuron:
        """Return the neurons, whose states go on."""
        return self

    @one_node
    def forward(
        self,
        x: Tensor,
        bias: Tensor | WholeBias | None = None,
        unit: Unit | None = None,
        most: float | None = None,
    ) -> Tensor:
        """Return the spikes; a block passes its synapse's bias and unit, and its sums' bound."""
        self.__dict__["_counted"] = of_weights = self.unit if unit is None else unit
        if self._at_once is not None and self.record is None:
            fired = self._at_once(self, x, bias, most, of_weights)
            if fired is not None:
                return self._promised(fired)
        through = partial(self._integrate, bias=bias, unit=self._counted, most=most)
        # The states are exact, whatever precision autocast chose.
        with without_autocast(x):
            return self._promised(self._with_states(x, through).to(torch.float32))

    def _promised(self, spikes: Tensor) -> Tensor:
        if is_deferred(spikes) and self._sends_bits:
            promise(spikes, 1.0)
        return spikes

    def integers(
        self, unit: Unit | None = None, bias: Tensor | WholeBias | None = None
    ) -> Integers:
        """Return every parameter in the chip's integers: one for the layer, or one per channel."""
        own, kind = self.unit if unit is None else unit, type(self).__name__
        values: dict[str, Any] = {name: getattr(self, name) for name in self._names}
        values["bias"] = self.bias if bias is None else bias
        integers: Integers = {}
        for name in self.equations.parameters:
            value = values[name]
            if isinstance(value, WholeBias):
                integers[name] = value.integers
            else:
                rounded = self._registers[name].integer
                integers[name] = 0 if value is None else rounded(value, own, kind)
        return integers

    def _tabled(
        self, declared: Collection[Register] | None, names: tuple[str, ...]
    ) -> dict[str, Register]:
        """Return the registers by name, with that of a bias."""
        table = {each.name: each for each in declared or registers(self.format, names)}
        if "threshold" in table:
            table["threshold"] = replace(table["threshold"], above=self.units_above)
        return table | {"bias": Register("bias", self.format.biases)}

    def _described(self, name: str) -> Any:
        """Return a parameter as plain data; a learned value is clipped to its register."""
        value = getattr(self, name)
        if name not in self.learnable:
            return plain(value)
        # The tensors of a file keep values that learning moved out of range.
        return plain(value.detach().clamp(*self._registers[name].limits(self.unit)))

    def __getstate__(self) -> dict[str, Any]:
        # Kernels are known to this process alone.
        return super().__getstate__() | {"_at_once": None}

    def _integrate(
        self, sequence: Tensor, *, bias: Tensor | WholeBias | None, unit: Unit, most: float | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        of_weights, unit = unit, unit_of_input(self, unit, sequence.ndim)
        drive = most_units(self, sequence, unit) if most is None else most
        integers = self.integers(of_weights, bias)
        parameters = {name: self._shaped(name, value, sequence) for name, value in integers.items()}
        bounds = self._reached(drive, parameters)
        step = BoundedStep(self.equations, self.system, self._drive, bounds)
        rule = self._spike_rule()
        states = self._states_for(sequence[0]) if self.states else ()
        ready = None
        if self.record is None:
            ready = self._kernels.ready(self.backend, step, rule, sequence, unit, parameters)
        if ready is not None:
            self.__dict__["_at_once"] = AtOnce.of(self, ready, sequence, of_weights, bias)
            return run_kernels(ready, (sequence,), rule, unit, states, parameters)
        observer = None if self.record is None else self._observe
        stepper = self._eager(step, rule, parameters)
        states = states or self._states_for(sequence[0])
        return run_sequence(stepper, states, (counted(sequence, unit),), observer)

    def _initial(self, name: str, x: Tensor) -> Tensor:
        return torch.zeros_like(x, dtype=torch.float64)

    def _eager(self, integer_step: BoundedStep, rule: SpikeRule, parameters: Integers) -> Any:
        step = training_step(*integer_step, rule)

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
        """Return bounds of input and parameters, over all steps that the states continue."""
        if not drive < 2**31:
            name = type(self).__name__
            raise ValueError(f"{name}: an input is NaN or beyond 32 bits ({drive:g})")
        # Use at least one unit: a value proved to be zero, and its gradient, would be left out.
        drive = max(drive, 1.0)
        bounds = {name: self._bound(name, value) for name, value in parameters.items()}
        if self.states:
            drive = max(drive, self._drive)
            for name, (low, high) in self._driven.items():
                bounds[name] = min(low, bounds[name][0]), max(high, bounds[name][1])
        if (drive, bounds) != (self._drive, self._driven):
            self._drive, self._driven = drive, bounds
        return tuple((name, low, high) for name, (low, high) in bounds.items())

    def _bound(self, name: str, value: int | Tensor) -> tuple[int, int]:
        """Return bounds of a parameter; a GPU knows its tensors, and we only their registers."""
        if isinstance(value, Tensor) and is_deferred(value):
            return self._registers[name].ends
        return _bound(value)

    def _shaped(self, name: str, value: int | Tensor, sequence: Tensor) -> int | Tensor:
        if not isinstance(value, Tensor):
            return value
        channels = sequence.shape[2]
        if value.numel() not in (1, channels):
            kind = type(self).__name__
            raise ValueError(f"{kind}.{name}: {value.numel()} values for {channels} channels")
        return value.reshape(-1, *[1] * (sequence.ndim - 3))

    def _by_channel(self) -> Unit:
        """Return the unit of the weights, shaped to meet a step of the states."""
        unit = self._counted
        if isinstance(unit, Tensor) and unit.ndim and self.input_shape is not None:
            unit = unit.reshape(-1, *[1] * (len(self.input_shape) - 1))
        return unit

    def _spike_rule(self) -> SpikeRule:
        return SpikeRule(self.surrogate, self._by_channel() * 2.0**-self._distance)

    def _scaled(self, name: str) -> Tensor | float:
        return self.states[name] * self.scale_of(name) if name in self.states else 0.0

    def _observe(self, spikes: Tensor, states: tuple[Tensor, ...]) -> None:
        pairs = zip(self.equations.states, states, strict=True)
        super()._observe(spikes, tuple(value * self.scale_of(name) for name, value in pairs))


def _bound(value: int | Tensor) -> tuple[int, int]:
    """Return bounds of a parameter; for tensors powers of two, so that steps are reused."""
    if not isinstance(value, Tensor):
        return value, value
    size = 1 << (int(value.detach().abs().max()) if value.numel() else 0).bit_length()
    return -size, size
