"""The neurons that NIR has, of which the conformance kit builds its suite."""

from __future__ import annotations

from collections.abc import Mapping

from neurodeploy.target import ExampleNeuron
from snncore.dynamics import Format, NumberSystem, Rounding
from snncore.dynamics.zoo.spiking import CUBA_LIF, Fire, Reset, biased_if, biased_lif

_WHOLE = ("threshold", "rest", "bias")
_DECAYS = ("decay", "current_decay", "voltage_decay")
_BITS = 8
_STATE = Format(24, 0)
_SYSTEM = NumberSystem(
    "int24",
    (("u", _STATE), ("v", _STATE)),
    (*((name, 0) for name in _WHOLE), *((name, _BITS) for name in _DECAYS)),
    rounding=Rounding.FLOOR,
)
_FIRING = {"threshold": 90, "rest": 0, "bias": 0}
_CUBA = {"current_decay": 64, "voltage_decay": 32, "threshold": 90, "bias": 1}

EXAMPLES: Mapping[str, ExampleNeuron] = {
    "IF": ExampleNeuron(biased_if(Fire(Reset.HARD)), _SYSTEM, _FIRING, -6),
    "LIF": ExampleNeuron(biased_lif(Fire(Reset.HARD)), _SYSTEM, _FIRING | {"decay": 64}, -6),
    "strict LIF": ExampleNeuron(
        biased_lif(Fire(Reset.HARD, strict=True)),
        _SYSTEM,
        {"threshold": 80, "rest": -8, "bias": 3, "decay": 32},
        -6,
    ),
    "CUBA LIF": ExampleNeuron(CUBA_LIF, _SYSTEM, _CUBA, -6),
}
