"""A divergence by the layer of the network, where a program holds several layers side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.program import Neuron, Program
from neurodeploy.report import Divergence, Link, Status
from neurodeploy.simulator import by_network_layer
from neurodeploy.trace import Trace


def in_network(program: Program, link: Link, expected: Trace) -> Link:
    """Return the link in the network's words: relays do not count as spikes, nor are they named.

    A divergence names a layer of the network, unless it is a relay's.
    """
    if all(node.parts is None for node in program.layers):
        return link
    shown = by_network_layer(program, expected)
    status = Status.SILENT if link.status == Status.EQUAL and shown.silent else link.status
    first = link.divergence
    named = None if first is None else _named(program, first)
    return replace(link, status=status, spikes=shown.spikes(), divergence=named)


def _named(program: Program, divergence: Divergence) -> Divergence:
    node = program.by_name.get(divergence.layer)
    parts = node.parts if isinstance(node, Neuron) and node.parts is not None else ()
    for part in parts:
        shape = program.shapes[divergence.layer]
        flat = np.ravel_multi_index(divergence.neuron, shape)
        index = np.argwhere(part.indices(shape) == flat)
        if len(index):
            neuron = tuple(int(i) for i in index[0])
            return replace(divergence, layer=part.name, neuron=neuron)
    return divergence
