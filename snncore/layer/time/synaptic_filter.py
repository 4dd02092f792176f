"""Synapses that fade: a spike leaves a current that decays."""

from __future__ import annotations

from math import inf
from typing import Any

from snncore.dynamics.zoo.spiking import leaky
from snncore.neuron import define


@define(
    states={"v": 0.0},
    params={"tau": 2.0},
    limits={"tau": (1, inf)},
    positional=("tau",),
    by_name=True,
)
def SynapticFilter(v: Any, x: Any, *, tau: Any) -> Any:
    """An exponential synapse: i' = i - i / tau + x, and the output is i'."""
    following = leaky(v, x, lambda value: value / tau, False)
    return following, following
