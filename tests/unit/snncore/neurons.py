"""Every neuron of the zoo with every reset, as a function of what all neurons take."""

from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import Any

import pytest
import torch

from snncore import models, neuron, surrogate
from snncore.dynamics import log, select, spike


@neuron.define(states={"v": 0.0}, params={"threshold": 1.0, "gain": 0.75})
def Logarithmic(v: Any, x: Any, *, threshold: Any, gain: Any) -> Any:  # noqa: N802
    """A neuron whose input counts by its order of magnitude."""
    h = 0.75 * v + gain * log(x * x + 0.25)
    fired = spike(h - threshold)
    return select(fired, 0.0, h), fired


RESETS = ("hard", "soft", "none")
Make = Callable[..., neuron.EquationNeuron]

_RESETTING = (
    neuron.IF,
    neuron.LIF,
    neuron.ParametricLIF,
    neuron.AdaptiveLIF,
    neuron.EIF,
    neuron.QIF,
)
NEURONS: dict[str, Make] = {
    f"{kind.__name__}-{reset}": partial(kind, reset=reset)
    for kind in _RESETTING
    for reset in RESETS
}
NEURONS |= {
    "IF-detached": partial(neuron.IF, detach_reset=True),
    "LIF-detached": partial(neuron.LIF, tau=3.0, detach_reset=True, reset="soft"),
    "LIF-strict": partial(neuron.LIF, strict=True, decay_input=False),
    "ParametricLIF-beside": partial(neuron.ParametricLIF, w=0.3, decay_input=False),
    "Izhikevich": neuron.Izhikevich,
    "Izhikevich-detached": partial(neuron.Izhikevich, detach_reset=True),
    "IntegerLIF": neuron.IntegerLIF,
    "IntegerLIF-detached": partial(neuron.IntegerLIF, most=2, detach_reset=True),
    "TernaryLIF": neuron.TernaryLIF,
    "TernaryLIF-soft": partial(neuron.TernaryLIF, reset="soft", detach_reset=True),
    "ComplementaryLIF": neuron.ComplementaryLIF,
    "ComplementaryLIF-detached": partial(neuron.ComplementaryLIF, detach_reset=True, tau=3.0),
    "GatedLIF": neuron.GatedLIF,
    "SlidingPSN": neuron.SlidingPSN,
    "LeakyIntegrator": neuron.LeakyIntegrator,
    "LeakyIntegrator-beside": partial(neuron.LeakyIntegrator, tau=3.0, decay_input=False),
    "Logarithmic": Logarithmic,
    "CubaLIF": partial(neuron.CubaLIF, current_decay=0.3, voltage_decay=0.1, bias=0.05),
}
# The families beyond, each with options that its equations take another way by.
FAMILIES: dict[str, Make] = {
    "AdEx": neuron.AdEx,
    "Alpha": neuron.Alpha,
    "KLIF": partial(neuron.KLIF, k=1.5, scale_reset=True),
    "Lapicque": neuron.Lapicque,
    "Leaky": neuron.Leaky,
    "LSNN": partial(neuron.LSNN, decay=0.5),
    "OnlineLIF": neuron.OnlineLIF,
    "RecurrentLIF": partial(models.RecurrentLIF, detach_reset=True),
    "RefractoryLIF": neuron.RefractoryLIF,
    "ResonateAndFire": neuron.ResonateAndFire,
    "Synaptic": neuron.Synaptic,
    "TernaryIF": neuron.TernaryIF,
    "TwoCompartmentLIF": neuron.TwoCompartmentLIF,
}
# Every neuron once, the resets in turn.
EACH = {f"{kind.__name__}-{reset}" for kind, reset in zip(_RESETTING, cycle(RESETS), strict=False)}
EACH |= {name for name in NEURONS if name.split("-")[0] not in {k.__name__ for k in _RESETTING}}
# With --full and on a GPU, all.
NEURONS |= FAMILIES


def thorough(name: str) -> tuple[pytest.MarkDecorator, ...]:
    """Return the marks of a neuron's case where each neuron once is enough for `make test`."""
    return () if name in EACH else (pytest.mark.thorough,)


# Beyond the threshold nothing but a hard reset stops these.
_RUNAWAY = {f"{kind}-{reset}" for kind in ("EIF", "QIF") for reset in ("soft", "none")}
# Each has its own place in the list, so that every one is met with some neuron.
SURROGATES = tuple(kind() for kind in surrogate.KINDS.values())


def drive(name: str, steps: int, *shape: int, seed: int = 0) -> torch.Tensor:
    """Return an input that makes this neuron fire now and then."""
    if name in _RUNAWAY:
        steps = min(steps, 3)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn((steps, *shape), generator=generator) + 0.3
    return 30 * x if name.startswith("Izhikevich") else 1.5 * x
