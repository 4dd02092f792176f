"""Decoders over time: neurons whose value after the last step is the network's output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neurodeploy.data.readout import Readout
from neurodeploy.program.kinds.neuron import Neuron
from snncore.dynamics import Equations


@dataclass(frozen=True, eq=False)
class Decoder(Neuron):
    """The neurons of `snncore.dynamics.zoo.readout.DECODERS`; `per_step` makes a sum a mean.

    They count in the unit of what they read.
    """

    per_step: bool = False

    @property
    def readout(self) -> Readout:
        """The network's output, from what these neurons show."""
        skip = int(self.parameters["skip"]) if "skip" in self.parameters else 0
        return Readout(self.exponent, True, self.per_step, skip)

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return the neurons' own text, and whether their sum is divided by the steps."""
        return super().expression(names) + (" per step" if self.per_step else "")
