"""Synapses that fade: a spike leaves a current that decays."""

from __future__ import annotations

from typing import Any

from snncore.neuron import LeakyIntegrator
from snncore.neuron.parameters import Given


class SynapticFilter(LeakyIntegrator):
    """An exponential synapse: i' = i - i / tau + x, and the output is i'."""

    def __init__(self, tau: Given = 2.0, **options: Any) -> None:
        super().__init__(tau, decay_input=False, **options)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        config = super().config()
        del config["decay_input"]
        return config
