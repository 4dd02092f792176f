"""Neurons that measurements drive as they come in: the input then carries currents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Neuron, Signal
from snncore.dynamics import LOIHI
from snncore.dynamics.arithmetic.number_system import LOIHI_DRIVEN
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF


def is_driven(node: g.Neuron) -> bool:
    """Whether measurements drive its neurons."""
    return node.system == LOIHI_DRIVEN and node.equations.same_computation(DRIVEN_CUBA_LIF)


def signal_of(graph: g.Graph, node: g.Input) -> Signal:
    """What an input carries.

    Raises:
        DoesNotFitError: if it is read both as measurements and as spikes.
    """
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
    """The neurons of a program; where a host has nothing to multiply, the chip's own.

    Raises:
        DoesNotFitError: if anything else drives them.
    """
    if not isinstance(graph.by_name[node.source.source], g.Input):
        raise DoesNotFitError(
            f"{node.name}: {node.equations.name} neurons are driven by measurements, and these by "
            f"{node.source.source}",
            remedy="make them the first layer, or use quant.CubaLIF",
        )
    exponent = node.exponent or 0
    if (parameters["gain"] != 1).any():
        kind = (DRIVEN_CUBA_LIF, LOIHI_DRIVEN)
        return Neuron(node.name, (node.source,), *kind, parameters, exponent)
    own = {key: value for key, value in parameters.items() if key != "gain"}
    return Neuron(node.name, (node.source,), CUBA_LIF, LOIHI, own, exponent)
