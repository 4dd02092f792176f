"""Decoders over time: neurons whose value after the last step is the network's output."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.data.readout import Readout
from neurodeploy.graph.kinds.neuron import Neuron
from neurodeploy.graph.kinds.node import Details


@dataclass(frozen=True, eq=False)
class Decoder(Neuron):
    """The neurons of `snncore.dynamics.zoo.readout.DECODERS`; `per_step` makes a sum a mean."""

    per_step: bool = False

    @property
    def in_floats(self) -> bool:
        """Return False: a decoder counts in the numbers of what it reads."""
        return False

    @property
    def readout(self) -> Readout:
        """The network's output, from what these neurons show."""
        skip = int(self.parameters["skip"]) if "skip" in self.parameters else 0
        return Readout(0, True, self.per_step, skip)

    @property
    def details(self) -> Details:
        """The decoder's name."""
        return (("decoder", self.equations.name), *self.fields("per_step"))
