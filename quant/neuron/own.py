"""A neuron of the user's on a chip's grid, known by its equations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from quant.grid.formats import Grid
from quant.grid.registry import chip_format
from quant.grid.straight_through import Unit
from quant.neuron.chip_neuron import ChipNeuron
from quant.neuron.own_equations import BIAS, own_equations
from snncore.dynamics import Equations, NumberSystem
from snncore.dynamics.arithmetic.integer import distance_fraction
from snncore.neuron.parameters import Given

# What else a chip's neuron is made with.
_TAKEN = frozenset(
    {BIAS, "equations", "exponent", "format", "learnable", "surrogate", "units_above", "given"}
    | {"backend", "input_shape", "record", "states", "step_mode"}
)


class Defined(ChipNeuron):
    """A neuron that `neuron.define` made, in a chip's integers.

    Of each state and parameter the equations say whether it counts as the weighted sums do, and is
    rounded to their unit, or is a number from 0 to 1, and is rounded as decays are. A bias of the
    weights is added to the input.
    """

    def __init__(
        self,
        equations: Equations | Mapping[str, Any],
        *,
        bias: int | None = None,
        exponent: int | None = None,
        format: Any = "int8",  # noqa: A002
        **options: Any,
    ) -> None:
        if not isinstance(equations, Equations):
            equations = Equations.from_json(equations)
        own, form = own_equations(equations), chip_format(format)
        self.given, self._units, self._system = own.equations, own.units, own.system(form)
        values: dict[str, Given] = {}
        for name in own.equations.parameters:
            if hasattr(ChipNeuron, name) or name in _TAKEN:
                raise ValueError(f"{equations.name}.{name}: chip neurons have that (rename it)")
            value = options.pop(name, own.constants.get(name))
            if value is None:
                raise TypeError(f"{equations.name}.{name}: there is no value for it")
            values[name] = value
        super().__init__(own.biased, values, bias=bias, exponent=exponent, format=form, **options)
        self._fraction = distance_fraction(self.equations, self._system)

    @property
    def system(self) -> NumberSystem:
        """The chip's arithmetic for these states and parameters."""
        return self._system

    @property
    def reach(self) -> Given:
        """The largest that the registers must hold, in the numbers of training."""
        held = (torch.as_tensor(getattr(self, name)) for name in self._names if self._units[name])
        return max((float(value.detach().abs().max()) for value in held), default=0.0) or 1.0

    def scale_of(self, state: str) -> Unit:
        """What one integer of a state means, in a block by its channels."""
        if self._units[state]:
            return super().scale_of(state)
        return float(2.0 ** -self._system.state(state).fraction)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return {"equations": self.given.to_json()} | super().config()

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed."""
        config = {key: value for key, value in self.config().items() if key != "equations"}
        return ", ".join([self.given.name, *(f"{key}={value!r}" for key, value in config.items())])

    def _is_whole(self, name: str) -> bool:
        return bool(self._units[name])

    def _grid(self, name: str) -> Grid:
        return self.format.biases

    def _distance_unit(self) -> Unit:
        return self._by_channel() * 2.0**-self._fraction
