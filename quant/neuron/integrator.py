"""Readouts on a chip's grid: neurons that never fire and show their voltage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from quant.grid.exact import EXACT_FLOAT32
from quant.grid.formats import ChipFormat
from quant.grid.gpu.folding import WholeBias
from quant.grid.registry import format_or_default
from quant.grid.straight_through import Unit
from quant.neuron.chip_neuron import ChipNeuron
from snncore.dynamics import NumberSystem
from snncore.dynamics.zoo.readout import CUBA_INTEGRATOR, INTEGRATOR, integrating
from snncore.neuron.parameters import Given
from snncore.one_node import one_node


class LeakyIntegrator(ChipNeuron):
    """A leaky voltage that never fires: what it outputs is the voltage, in the units of training.

    Every step the voltage loses its `decay`; with 1 it is the weighted sum of one step. On a chip
    whose neurons have a current, `voltage_decay` is the same, and `current_decay` comes before.
    """

    def __init__(
        self,
        decay: Given = 1.0,
        *,
        current_decay: Given = 1.0,
        voltage_decay: Given | None = None,
        bias: int | None = None,
        exponent: int | None = None,
        format: Any = None,  # noqa: A002
        **options: Any,
    ) -> None:
        form = format_or_default(format, type(self).__name__)
        decay = decay if voltage_decay is None else voltage_decay
        values: dict[str, Given] = {"decay": decay}
        equations = INTEGRATOR
        plain = isinstance(current_decay, float | int) and current_decay == 1
        system = form.system
        if "LIF" not in form.neurons or not plain:
            values = {"current_decay": current_decay, "voltage_decay": decay}
            equations = CUBA_INTEGRATOR
        if not plain and "CubaLIF" not in form.neurons:
            if "Defined" not in form.neurons:
                raise ValueError(
                    f"LeakyIntegrator.current_decay: {form.name} has no readout with a current of "
                    "its own (use current_decay=1)"
                )
            system = _with_current(form)
        system = integrating(system)
        if 1 << (system.state("v").bits - 1) > EXACT_FLOAT32:
            raise ValueError(
                f"LeakyIntegrator: voltages of {form.name} have {system.state('v').bits} bits, "
                "and training shows them in float32, which holds 25"
            )
        chip: dict[str, Any] = {"format": form, "system": system}
        super().__init__(equations, values, bias=bias, exponent=exponent, **chip, **options)

    @one_node
    def forward(
        self,
        x: Tensor,
        bias: Tensor | WholeBias | None = None,
        unit: Unit | None = None,
        most: float | None = None,
    ) -> Tensor:
        """Return the voltages; a block passes its synapse's bias and unit, and its sums' bound."""
        if isinstance(unit, Tensor) and unit.numel() > 1:
            raise ValueError(
                "LeakyIntegrator: its channels are compared with one another, so they need one "
                "unit (use per_channel=False for the weights of a readout)"
            )
        integers = super().forward(x, bias, unit, most)
        scale = self.scale
        return integers * (scale.to(torch.float32) if isinstance(scale, Tensor) else scale)

    def _observe(self, spikes: Tensor, states: tuple[Tensor, ...]) -> None:
        super()._observe(spikes * self.scale, states)


def _with_current(form: ChipFormat) -> NumberSystem:
    """Return the arithmetic of a format with a current beside the voltage, as wide as it."""
    decays = (("current_decay", form.decays.bits), ("voltage_decay", form.decays.bits))
    return replace(
        form.system,
        states=(("u", form.system.state("v")), ("v", form.system.state("v"))),
        parameters=(*decays, ("bias", 0)),
    )
