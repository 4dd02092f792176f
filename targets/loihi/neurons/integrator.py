"""Readouts on the chip: neurons that never fire, and whose voltage is probed.

The loader has no such kind. They are CUBA LIF neurons with a threshold above every voltage, the one
that the loader itself gives a layer without neurons; only the last layer of a file is a readout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Integers, Neuron, Program
from neurodeploy.target import Finding
from snncore.dynamics.zoo.readout import CUBA_INTEGRATOR, shows_voltage
from targets.loihi.chip.format import LOIHI_INTEGRATOR, NEVER
from targets.loihi.file.chain import ChainLayer
from targets.loihi.findings import error
from targets.loihi.neurons.cuba import Cuba


class _Integrator(Cuba):
    """CUBA LIF neurons that never fire; their registers are the same."""

    def matches(self, node: Neuron) -> bool:
        """Return whether these neurons never fire and show their voltage."""
        return node.system == LOIHI_INTEGRATOR and node.equations.same_computation(CUBA_INTEGRATOR)

    def findings(self, layer: ChainLayer, program: Program, bits: int) -> Iterator[Finding]:
        """Yield what does not fit the registers of a layer, or where it may not stand."""
        name = layer.neuron.name
        if name != program.output:
            message = "shows its voltage, which no other layer can read"
            yield error(name, message, "read it out at the end of the network")
        if layer.recurrent is not None:
            yield error(name, "never fires, so nothing comes back to it", "leave out the loop")
        if layer.synapse is None:
            yield error(name, "is driven by the samples themselves", "put weights before it")
        yield from super().findings(layer, program, bits)

    def write(self, entry: Any, layer: ChainLayer, bits: int) -> None:
        """Write decays, and the threshold above every voltage."""
        never = {"threshold": np.array(NEVER, dtype=np.int64)}
        self.write_group(entry, {**layer.neuron.parameters, **never})


INTEGRATOR = _Integrator()


def never_fires(parameters: Mapping[str, Integers]) -> bool:
    """Return whether a file's neurons have the threshold of readouts."""
    threshold = parameters["threshold"]
    return threshold.ndim == 0 and int(threshold) == NEVER


def shown(node: Neuron, values: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
    """Return a layer's values; what a readout sends is its voltage."""
    return {**values, "s": values["v"]} if shows_voltage(node.equations) else values
