"""The grids of slayer's neurons: the chip's that they train for, or the same without a chip.

Neurons that adapt are on no chip that we know, so that their grid is only slayer's own.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from quant.grid.formats import ChipFormat, Grid
from quant.grid.registry import format_or_default

# By kind: the neurons of ours whose chip's grid it has, or begins with.
_OURS = {"rf": "Resonator", "rf_iz": "Resonator", "adrf": "Resonator"}
_SPIKING = "CubaLIF"
# The neurons of ours that adapt, by slayer's kind, and what they decay and compare.
_ADAPTING = {"alif": "Defined", "adrf": "AdaptiveResonator"}
_RAISED = ("raised", "tired")


def kind_of(neuron: Any) -> str:
    """Return the kind of slayer's neurons: the name of their module."""
    return type(neuron).__module__.rpartition(".")[2]


def form_of(neuron: Any = None) -> ChipFormat:
    """Return the grid of neurons, and of the weights that drive them."""
    return _form(kind_of(neuron))


@lru_cache
def _form(kind: str) -> ChipFormat:
    form = format_or_default(None, _OURS.get(kind, _SPIKING))
    if kind not in _ADAPTING:
        return form
    most, bits = form.thresholds.maximum, form.decays.bits
    system = form.system
    part = system.states[0][1] if kind == "adrf" else system.state("v")
    fractions = (
        ("threshold_step", 0),
        *((f"{n}_decay", bits) for n in ("threshold", "refractory")),
    )
    return replace(
        form,
        name=f"slayer.{kind}",
        biases=Grid(-most, most),
        system=replace(
            system,
            name=f"slayer.{kind}",
            states=(*system.states, *((name, part) for name in _RAISED)),
            parameters=(*system.parameters, *fractions),
        ),
        neurons=(_ADAPTING[kind],),
        strict=False,
    )
