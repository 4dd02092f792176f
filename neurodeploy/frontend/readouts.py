"""The end of a network as nodes: readouts of sums without neurons, and decoders over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import nn

import quant
from neurodeploy import graph as g
from neurodeploy.data.structure import Edge
from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.graph import Node
from neurodeploy.graph.floats import Floats
from quant.layer.synapse import GridLayer
from snncore.decoding import Decoder
from snncore.dynamics.sent import sends_ones
from snncore.dynamics.zoo.readout import DECODERS, LAST, LATE_TOTAL

# The kinds whose sums need neurons to read them.
_SUMS = (g.Dense, g.Conv2d, g.BatchNorm, g.Add, g.SumPool2d)


def decoder_node(decoder: Decoder, name: str, source: Edge) -> Node:
    """Return the node of a decoder over time."""
    equations, parameters = DECODERS[decoder.name], dict[str, Floats]()
    if decoder.skip:
        if decoder.name != "rate" or decoder.skip < 0:
            raise UnsupportedLayerError(f"{name}: skips {decoder.skip} steps")
        equations, parameters = LATE_TOTAL, {"skip": np.array(float(decoder.skip))}
    return g.Decoder(name, source, equations, parameters, per_step=decoder.name == "rate")


def require_spikes(decoder: Decoder, name: str, read: str, nodes: Sequence[Node]) -> None:
    """Check that the neurons whose first spike is decoded send zeros and ones.

    Raises:
        UnsupportedLayerError: if they show voltages, counts or signs; names them.
    """
    by_name = {node.name: node for node in nodes}
    source = by_name[read]
    while not isinstance(source, g.Neuron) and source.sources:
        source = by_name[source.sources[0].source]
    if decoder.name == "first_spike" and not (
        isinstance(source, g.Neuron) and sends_ones(source.equations)
    ):
        raise UnsupportedLayerError(
            f"{name}: reads {source.name}, which does not send spikes of one (put neurons that "
            "fire behind it, or use decoding.rate)"
        )


def read_out(nodes: Sequence[Node], name: str, module: nn.Module | None) -> list[Node]:
    """Return the nodes with a readout of the last one, if that is a sum without neurons.

    The readout takes the name, and the sums are called `name.synapse`.
    """
    *others, last = nodes
    if not isinstance(last, _SUMS) or last.name != name:
        return list(nodes)
    sums = replace(last, name=f"{name}.synapse")
    source = Edge(sums.name)
    if not isinstance(module, GridLayer):
        return [*others, sums, g.Neuron(name, source, LAST, {})]
    neurons = quant.LeakyIntegrator(exponent=module.exponent, format=module.format)
    values = {key: np.array(0.0 if key == "bias" else 1.0) for key in neurons.equations.parameters}
    kind = (neurons.equations, values, neurons.system, module.exponent)
    return [*others, sums, g.Neuron(name, source, *kind)]
