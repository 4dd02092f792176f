"""A program as the chain of layers that the format holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurodeploy.program import (
    Dense,
    Edge,
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
    # What the neurons' own spikes go through on their way back, a step later.
    recurrent: Dense | None = None
    # What drives the imaginary part, beside the weights that drive the real one.
    imaginary: Dense | None = None

    @property
    def weights(self) -> tuple[Synapse, ...]:
        """Every layer of weights that leads to the neurons."""
        given = (self.synapse, self.recurrent, self.imaginary)
        return tuple(node for node in given if node is not None)


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
        if isinstance(node, Dense) and links.pairs(node):
            links.imaginary = node
            continue
        loop = isinstance(node, Dense) and links.loop_of(node) is not None
        wrong = links.append_loop(node) if loop else links.connected(node, previous)
        if wrong is not None:
            return _error(node.name, wrong)
        previous = previous if loop else node
    if not isinstance(previous, Neuron):
        return _error(previous.name, "the last layer of a .net file has neurons")
    if program.output != previous.name:
        return _error(program.output, "the output of a .net file is its last layer")
    return Chain(first, tuple(links.layers))


def takes_numbers(program: Program, layer: ChainLayer) -> bool:
    """Whether what a layer's weights read are numbers, and not only spikes."""
    if layer.synapse is None:
        return program.input.signal == Signal.CURRENT
    read = layer.flatten.source if layer.flatten is not None else layer.synapse.source
    source = program.by_name[read.source]
    return isinstance(source, Neuron) and source.graded


@dataclass
class _Links:
    """The layers so far, and what waits for its neurons."""

    program: Program
    input: Input
    layers: list[ChainLayer] = field(default_factory=list)
    synapse: Synapse | None = None
    flatten: Flatten | None = None
    recurrent: Dense | None = None
    imaginary: Dense | None = None

    def connected(self, node: Node, previous: Node) -> str | None:
        """Why the node cannot follow the one before it, if it cannot."""
        if isinstance(node, Neuron):
            edges: tuple[Edge, ...] = node.inputs
            beside = {node.name for node in (self.recurrent, self.imaginary) if node}
            edges = tuple(edge for edge in edges if edge.source not in beside)
        else:
            edges = (getattr(node, "source", node.sources[0]),)
        if len(edges) != 1:
            sources = " and ".join(edge.source for edge in node.sources)
            return f"adds {sources}; a .net file is a chain without branches"
        edge = edges[0]
        if edge.delay:
            return f"reads {edge.source} {edge.delay} steps late; delays are the synapses'"
        if edge.source != previous.name:
            return f"reads {edge.source}; a .net file is a chain without branches"
        return self.append(node)

    def pairs(self, node: Dense) -> bool:
        """Whether these weights are the imaginary part beside the real one just before."""
        if not isinstance(self.synapse, Dense) or self.imaginary is not None:
            return False
        driven = (Edge(self.synapse.name), Edge(node.name))
        layers = self.program.layers
        together = any(layer.ports and layer.inputs == driven for layer in layers)
        return together and node.source == self.synapse.source

    def loop_of(self, node: Dense) -> Neuron | None:
        """The neurons whose own spikes these weights bring back, if they do that."""
        source = self.program.by_name[node.source.source]
        driven = isinstance(source, Neuron) and Edge(node.name) in source.inputs
        return source if driven and isinstance(source, Neuron) else None

    def append_loop(self, node: Node) -> str | None:
        """Why weights cannot bring a layer's own spikes back, if they cannot."""
        assert isinstance(node, Dense)
        if node.source.delay != 1:
            return f"reads its own layer {node.source.delay} steps late, and the chip's is 1"
        if not isinstance(self.synapse, Dense) or self.recurrent is not None:
            return "a .net file holds a recurrent layer as dense weights, then its own"
        self.recurrent = node
        return None

    def append(self, node: Node) -> str | None:
        """Why the node cannot come next, if it cannot."""
        if isinstance(node, MaxPool2d):
            return "takes the largest of a window, which the chip cannot (use quant.SumPool2d)"
        if isinstance(node, Flatten) and self.synapse is None and self.flatten is None:
            read = self.program.by_name[node.source.source]
            axes = len(self.program.shapes[read.name])
            # The network's port is flat whatever shape its samples have.
            if axes == 1 or (axes != 3 and not isinstance(read, Input)):
                return "flattens what is no image, which the loader cannot load"
            self.flatten = node
        elif isinstance(node, Synapse) and self.synapse is None:
            if self.input.signal == Signal.CURRENT and not self.layers:
                return "weighs currents; synapses take spikes, so neurons come first"
            self.synapse = node
        elif isinstance(node, Neuron) and (self.synapse is not None or self._is_block()):
            if self.recurrent is not None and Edge(self.recurrent.name) not in node.inputs:
                return f"leaves out {self.recurrent.name}, which belongs to another layer"
            parts = (self.synapse, self.flatten, self.recurrent, self.imaginary)
            self.layers.append(ChainLayer(node, *parts))
            self.synapse = self.flatten = self.recurrent = self.imaginary = None
        else:
            return "a .net file holds weights, then neurons, in turn"
        return None

    def _is_block(self) -> bool:
        """Whether the first neurons are an input block, driven by currents without synapses."""
        return not self.layers and self.flatten is None and self.input.signal == Signal.CURRENT


def _error(node: str, message: str) -> Finding:
    remedy = "for Loihi, build a chain of quant layers, each followed by quant.CubaLIF"
    return Finding(Severity.ERROR, node, message, remedy)
