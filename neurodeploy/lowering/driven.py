"""Neurons that measurements drive as they come in: the input then carries currents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Neuron, Signal
from snncore.dynamics.zoo.driven import GAIN, undriven
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF


def is_driven(node: g.Neuron) -> bool:
    """Return whether measurements drive a layer's neurons, in a chip's number system."""
    return node.system is not None and node.equations.same_computation(DRIVEN_CUBA_LIF)


def signal_of(graph: g.Graph, node: g.Input) -> Signal:
    """Return what an input carries: spikes, or the measurements that drive neurons.

    Raises:
        DoesNotFitError: if some layers read it as measurements and others as spikes.
    """
    if node.encoding is not None:
        # Weights and neurons read the same integers.
        return Signal.CURRENT
    readers = [each for each in graph.nodes if Edge(node.name) in each.sources]
    driven = [each for each in readers if isinstance(each, g.Neuron) and is_driven(each)]
    if driven and len(driven) < len(readers):
        other = next(each for each in readers if each not in driven)
        raise DoesNotFitError(
            f"{other.name}: reads {node.name}, which holds measurements for {driven[0].name}",
            remedy="let it read the spikes of those neurons",
        )
    return Signal.CURRENT if driven else Signal.SPIKES


def driven_neuron(graph: g.Graph, node: g.Neuron, parameters: Mapping[str, Any]) -> Neuron:
    """Return a program's neurons for driven ones; the chip's plain kind if every gain is 1.

    Raises:
        DoesNotFitError: if anything but the network's input drives them.
    """
    if not isinstance(graph.by_name[node.source.source], g.Input):
        raise DoesNotFitError(
            f"{node.name}: {node.equations.name} neurons are driven by measurements, and these by "
            f"{node.source.source}",
            remedy="make them the first layer, or use quant.CubaLIF",
        )
    assert node.system is not None
    exponent = node.exponent or 0
    if (parameters[GAIN] != 1).any():
        kind = (DRIVEN_CUBA_LIF, node.system)
        return Neuron(node.name, (node.source,), *kind, parameters, exponent)
    own = {key: value for key, value in parameters.items() if key != GAIN}
    return Neuron(node.name, (node.source,), CUBA_LIF, undriven(node.system), own, exponent)
