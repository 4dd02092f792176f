"""Networks in a chip's own numbers, of which the conformance kit makes its suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurodeploy.program import Edge, Neuron
from snncore.dynamics import Equations, NumberSystem


@dataclass(frozen=True)
class ExampleNeuron:
    """Neurons that fire now and then where each has about six inputs with weights up to 120."""

    equations: Equations
    system: NumberSystem
    # One whole number for each parameter of the equations.
    parameters: Mapping[str, int]
    exponent: int = 0

    def node(self, name: str, edges: tuple[Edge, ...], ports: tuple[str, ...]) -> Neuron:
        """Return a layer of these neurons; each port is the input that its edge drives."""
        values = {key: np.asarray(value) for key, value in self.parameters.items()}
        return Neuron(name, edges, self.equations, self.system, values, self.exponent, ports)
