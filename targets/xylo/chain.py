"""A program as the chip has it: hidden layers, each reading the one before, and output neurons.

On the chip a spike of a hidden neuron arrives one step later. A layer therefore lags behind the
program by the number of layers before it, and its loops need the one step that programs give them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodeploy.data.structure import Edge
from neurodeploy.program import Dense, Input, Integers, Neuron, Node, Program
from neurodeploy.target import Finding, Severity


@dataclass(frozen=True)
class Layer:
    """One layer: its neurons, and its synapses in the program's order."""

    neuron: Neuron
    synapses: tuple[Dense, ...]
    # The position of the weights of a loop among the synapses, if there is a loop.
    loop: int | None

    @property
    def forward(self) -> Dense:
        """The weights that read the layer before."""
        return next(each for n, each in enumerate(self.synapses) if n != self.loop)

    @property
    def back(self) -> Dense | None:
        """The weights that read the layer itself."""
        return None if self.loop is None else self.synapses[self.loop]

    @property
    def size(self) -> int:
        """The number of neurons."""
        return int(self.forward.weight.shape[0])

    def spread(self, parameter: str) -> Integers:
        """Return a parameter of every neuron."""
        return np.broadcast_to(self.neuron.parameters[parameter], (self.size,))


def layers_of(program: Program) -> list[Layer] | Finding:
    """Return the layers of a program, or why it is not such a chain."""
    first, *others = program.nodes
    if not isinstance(first, Input) or len(first.shape) != 1:
        words = "the samples are not a vector of channels"
        return error(first.name, words, "flatten them before the network")
    layers: list[Layer] = []
    before, pending = first.name, list[Node]()
    for node in others:
        pending.append(node)
        if not isinstance(node, Neuron):
            continue
        layer = _layer(pending, before)
        if isinstance(layer, Finding):
            return layer
        layers.append(layer)
        before, pending = node.name, []
    if pending or not layers or program.output != before:
        name = (pending or [first])[-1].name
        return error(name, "is last, where the chip has output neurons", "end in neurons")
    if len(layers) < 2:
        words = "reads the samples, and the chip's outputs read hidden neurons"
        return error(before, words, "put a layer of hidden neurons before it")
    return layers


def _layer(nodes: list[Node], before: str) -> Layer | Finding:
    *synapses, neuron = nodes
    assert isinstance(neuron, Neuron)
    loop = None
    for position, node in enumerate(synapses):
        if not isinstance(node, Dense) or node.delays is not None:
            kind = type(node).__name__
            words = f"is a {kind}{' with delays' if isinstance(node, Dense) else ''}"
            return error(node.name, words, "use dense layers of neurons without delays")
        if node.source == Edge(neuron.name, 1) and loop is None:
            loop = position
        elif node.source != Edge(before):
            words = f"does not read {before}, nor its own neurons one step before"
            return error(node.name, words, "leave out branches, and edges that are late")
    read = tuple(Edge(node.name) for node in synapses)
    if neuron.inputs != read or len(synapses) - (loop is not None) != 1:
        words = f"does not add up one layer of weights that reads {before}, and at most one loop"
        return error(neuron.name, words, "use a chain of dense layers")
    return Layer(neuron, tuple(each for each in synapses if isinstance(each, Dense)), loop)


def channel_events(program: Program) -> int:
    """Return the most events of a channel in one step, or 0 if they have no such bound."""
    first = program.input
    if first.encoding is not None:
        return max(first.encoding.high, 0)
    return 1 if first.signal.value == "spikes" else 0


def error(node: str, message: str, remedy: str) -> Finding:
    """Return an error."""
    return Finding(Severity.ERROR, node, message, remedy)


def warning(node: str, message: str, remedy: str) -> Finding:
    """Return a warning."""
    return Finding(Severity.WARNING, node, message, remedy)


def blocks(layers: list[Layer]) -> Iterator[tuple[int, Layer]]:
    """Yield each hidden layer with the number of its first neuron on the chip."""
    first = 0
    for layer in layers[:-1]:
        yield first, layer
        first += layer.size
