"""A program as the chain of layers that the format holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurodeploy.program import (
    Flatten,
    Input,
    MaxPool2d,
    Neuron,
    Node,
    Program,
    Signal,
    Synapse,
)
from neurodeploy.target import Finding, Severity


@dataclass(frozen=True)
class ChainLayer:
    """Synapses and the neurons they drive; an input block has neurons alone."""

    neuron: Neuron
    synapse: Synapse | None
    flatten: Flatten | None


@dataclass(frozen=True)
class Chain:
    """The input and the layers behind it, in order."""

    input: Input
    layers: tuple[ChainLayer, ...]


def chain_of(program: Program) -> Chain | Finding:
    """The chain that a program is, or why it is none."""
    first, *rest = program.nodes
    if not isinstance(first, Input) or any(isinstance(node, Input) for node in rest):
        return _error(program.nodes[0].name, "a .net file has one input, before all layers")
    links = _Links(program, first)
    previous: Node = first
    for node in rest:
        wrong = _misconnected(node, previous) or links.append(node)
        if wrong is not None:
            return _error(node.name, wrong)
        previous = node
    if not isinstance(previous, Neuron):
        return _error(previous.name, "the last layer of a .net file has neurons")
    if program.output != previous.name:
        return _error(program.output, "the output of a .net file is its last layer")
    return Chain(first, tuple(links.layers))


def _misconnected(node: Node, previous: Node) -> str | None:
    if len(node.sources) > 1:
        sources = " and ".join(edge.source for edge in node.sources)
        return f"adds {sources}; a .net file is a chain without branches"
    edge = node.sources[0]
    if edge.delay:
        return f"reads {edge.source} {edge.delay} steps late, as no chain does"
    if edge.source != previous.name:
        return f"reads {edge.source}; a .net file is a chain without branches"
    return None


@dataclass
class _Links:
    """The layers so far, and what waits for its neurons."""

    program: Program
    input: Input
    layers: list[ChainLayer] = field(default_factory=list)
    synapse: Synapse | None = None
    flatten: Flatten | None = None

    def append(self, node: Node) -> str | None:
        """Why the node cannot come next, if it cannot."""
        if isinstance(node, MaxPool2d):
            return "takes the largest of a window, which the chip cannot (use quant.SumPool2d)"
        if isinstance(node, Flatten) and self.synapse is None and self.flatten is None:
            if len(self.program.shapes[node.source.source]) != 3:
                return "flattens what is no image, which the loader cannot load"
            self.flatten = node
        elif isinstance(node, Synapse) and self.synapse is None:
            if self.input.signal == Signal.CURRENT and not self.layers:
                return "weighs currents; synapses take spikes, so neurons come first"
            self.synapse = node
        elif isinstance(node, Neuron) and (self.synapse is not None or self._is_block()):
            self.layers.append(ChainLayer(node, self.synapse, self.flatten))
            self.synapse = self.flatten = None
        else:
            return "a .net file holds weights, then neurons, in turn"
        return None

    def _is_block(self) -> bool:
        """Whether the first neurons are an input block, driven by currents without synapses."""
        return not self.layers and self.flatten is None and self.input.signal == Signal.CURRENT


def _error(node: str, message: str) -> Finding:
    remedy = "for Loihi, build a chain of quant layers, each followed by quant.CubaLIF"
    return Finding(Severity.ERROR, node, message, remedy)
