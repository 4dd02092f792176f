"""A program as the chain of layers that the format can hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.program import (
    Conv2d,
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
    """Synapses and the neurons that they drive; an input block has only neurons."""

    neuron: Neuron
    synapse: Synapse | None
    flatten: Flatten | None
    # The weights through which the neurons' own spikes come back, a step later.
    recurrent: Dense | None = None
    # The weights that drive the imaginary part, beside those of the real part.
    imaginary: Dense | None = None

    @property
    def weights(self) -> tuple[Synapse, ...]:
        """Every layer of weights that leads to the neurons."""
        synapses = (self.synapse, self.recurrent, self.imaginary)
        return tuple(node for node in synapses if node is not None)


@dataclass(frozen=True)
class Chain:
    """The input and the layers after it, in order."""

    input: Input
    layers: tuple[ChainLayer, ...]


def chain_of(program: Program) -> Chain | Finding:
    """Return the chain that a program is, or why it is not one."""
    first, *rest = program.nodes
    if not isinstance(first, Input) or len(program.of_kind(Input)) > 1:
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
    """Return whether a layer's weights read numbers, and not only spikes."""
    if layer.synapse is None:
        return program.input.signal == Signal.CURRENT
    read = layer.flatten.source if layer.flatten is not None else layer.synapse.source
    source = program.by_name[read.source]
    return isinstance(source, Neuron) and source.graded


@dataclass
class _Links:
    """The layers so far, and the weights that wait for their neurons."""

    program: Program
    input: Input
    layers: list[ChainLayer] = field(default_factory=list)
    synapse: Synapse | None = None
    flatten: Flatten | None = None
    recurrent: Dense | None = None
    imaginary: Dense | None = None

    def connected(self, node: Node, previous: Node) -> str | None:
        """Return why the node cannot follow the one before it, or None if it can."""
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
        """Return whether these weights are the imaginary part to the real one just before."""
        if not isinstance(self.synapse, Dense) or self.imaginary is not None:
            return False
        driven = (Edge(self.synapse.name), Edge(node.name))
        layers = self.program.layers
        together = any(layer.ports and layer.inputs == driven for layer in layers)
        return together and node.source == self.synapse.source

    def loop_of(self, node: Dense) -> Neuron | None:
        """Return the neurons whose own spikes these weights bring back, if they do that."""
        source = self.program.by_name[node.source.source]
        driven = isinstance(source, Neuron) and Edge(node.name) in source.inputs
        return source if driven and isinstance(source, Neuron) else None

    def append_loop(self, node: Node) -> str | None:
        """Return why weights cannot bring a layer's own spikes back, or None if they can."""
        assert isinstance(node, Dense)
        if node.source.delay != 1:
            return f"reads its own layer {node.source.delay} steps late, and the chip's is 1"
        if not isinstance(self.synapse, Dense) or self.recurrent is not None:
            return "a .net file holds a recurrent layer as dense weights, then its own"
        self.recurrent = node
        return None

    def append(self, node: Node) -> str | None:
        """Return why the node cannot come next, if it cannot."""
        if not _NEXT.knows(node):
            return f"is a {type(node).__name__}, which a .net file cannot hold"
        return _NEXT(node, self)

    def is_block(self) -> bool:
        """Return whether the first neurons are an input block, driven without synapses."""
        return not self.layers and self.flatten is None and self.input.signal == Signal.CURRENT


_IN_TURN = "a .net file holds weights, then neurons, in turn"
# Take a node as the next one; return why it cannot be, if it cannot.
_NEXT = KindTable[[_Links], str | None]("the chain of a .net file")


@_NEXT.register(Input)
def _second_input(node: Input, links: _Links) -> str | None:
    return _IN_TURN


@_NEXT.register(MaxPool2d)
def _max_pool(node: MaxPool2d, links: _Links) -> str | None:
    return "takes the largest of a window, which the chip cannot (use quant.SumPool2d)"


@_NEXT.register(Flatten)
def _flatten(node: Flatten, links: _Links) -> str | None:
    if links.synapse is not None or links.flatten is not None:
        return _IN_TURN
    read = links.program.by_name[node.source.source]
    axes = len(links.program.shapes[read.name])
    # The network's port is flat, whatever shape its samples have.
    if axes == 1 or (axes != 3 and read is not links.input):
        return "flattens something other than an image, which the loader cannot load"
    links.flatten = node
    return None


@_NEXT.register(Dense, Conv2d)
def _synapse(node: Synapse, links: _Links) -> str | None:
    if links.synapse is not None:
        return _IN_TURN
    if links.input.signal == Signal.CURRENT and not links.layers:
        return "weighs currents; synapses take spikes, so neurons come first"
    links.synapse = node
    return None


@_NEXT.register(Neuron)
def _neurons(node: Neuron, links: _Links) -> str | None:
    if links.synapse is None and not links.is_block():
        return _IN_TURN
    if links.recurrent is not None and Edge(links.recurrent.name) not in node.inputs:
        return f"leaves out {links.recurrent.name}, which belongs to another layer"
    parts = (links.synapse, links.flatten, links.recurrent, links.imaginary)
    links.layers.append(ChainLayer(node, *parts))
    links.synapse = links.flatten = links.recurrent = links.imaginary = None
    return None


def _error(node: str, message: str) -> Finding:
    remedy = "for Loihi, build a chain of quant layers, each followed by quant.CubaLIF"
    return Finding(Severity.ERROR, node, message, remedy)
