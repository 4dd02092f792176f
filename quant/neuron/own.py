"""A user's neuron on a chip's grid, defined by its equations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quant.grid.registry import chip_format
from quant.neuron.chip_neuron import ChipNeuron
from quant.neuron.own_equations import BIAS, own_equations
from snncore.dynamics import Equations
from snncore.neuron.parameters import Given

# The other arguments of a chip's neuron.
_TAKEN = frozenset(
    {BIAS, "equations", "exponent", "format", "learnable", "surrogate", "units_above"}
    | {"fraction"}
    | {"backend", "input_shape", "record", "states", "step_mode"}
)


class Defined(ChipNeuron):
    """A neuron that `neuron.define` made, in a chip's integers.

    The equations determine the unit of each state and parameter. A value that counts like the
    weighted sums is rounded to their unit; a number from 0 to 1 is rounded as decays are. A bias of
    the weights is added to the input. With a `fraction`, states keep so many bits below the unit,
    and numbers may be any, also what the equations divide by or square.
    """

    def __init__(
        self,
        equations: Equations | Mapping[str, Any],
        *,
        fraction: int | None = None,
        bias: int | None = None,
        exponent: int | None = None,
        format: Any = "int8",  # noqa: A002
        **options: Any,
    ) -> None:
        if not isinstance(equations, Equations):
            equations = Equations.from_json(equations)
        own, form = own_equations(equations, fraction), chip_format(format)
        self._declared, self.fraction = own.equations, fraction
        values: dict[str, Given] = {}
        for name in own.equations.parameters:
            if hasattr(ChipNeuron, name) or name in _TAKEN:
                raise ValueError(f"{equations.name}.{name}: chip neurons have that (rename it)")
            value = options.pop(name, own.constants.get(name))
            if value is None:
                raise TypeError(f"{equations.name}.{name}: has no value")
            values[name] = value
        chip: dict[str, Any] = {"format": form, "system": own.system(form)}
        chip |= {"registers": own.registers(form), "numbers": own.numbers}
        super().__init__(own.biased, values, bias=bias, exponent=exponent, **chip, **options)

    def config(self) -> dict[str, Any]:
        """Return the arguments of an equal module as plain data."""
        unusual = {} if self.fraction is None else {"fraction": self.fraction}
        return {"equations": self._declared.to_json()} | unusual | super().config()

    def extra_repr(self) -> str:
        """Return the text between the brackets when the module is printed."""
        config = {key: value for key, value in self.config().items() if key != "equations"}
        return ", ".join(
            [self._declared.name, *(f"{key}={value!r}" for key, value in config.items())]
        )
