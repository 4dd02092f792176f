"""A program as the chain of layers that the format holds."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.program import Dense, Flatten, Input, Neuron, Node, Program, Signal, Synapse
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
    layers: list[ChainLayer] = []
    flatten: Flatten | None = None
    synapse: Synapse | None = None
    previous = first.name
    for node in rest:
        if (finding := _off_the_chain(node, previous)) is not None:
            return finding
        before, previous = previous, node.name
        if isinstance(node, Flatten) and synapse is None and flatten is None:
            if len(program.shapes[before]) != 3:
                return _error(node.name, "flattens what is no image, which the loader cannot load")
            flatten = node
        elif isinstance(node, Synapse) and synapse is None:
            if flatten is not None and not isinstance(node, Dense):
                return _error(flatten.name, "only a dense layer can follow a flatten")
            if first.signal == Signal.CURRENT and not layers:
                return _error(
                    node.name, "weighs currents; synapses take spikes, so neurons come first"
                )
            synapse = node
        elif isinstance(node, Neuron) and (
            synapse is not None or _is_block(first, layers, flatten)
        ):
            layers.append(ChainLayer(node, synapse, flatten))
            synapse = flatten = None
        else:
            return _error(node.name, "a .net file holds weights, then neurons, in turn")
    if synapse is not None or flatten is not None or not layers:
        return _error(previous, "the last layer of a .net file has neurons")
    if program.output != previous:
        return _error(program.output, "the output of a .net file is its last layer")
    return Chain(first, tuple(layers))


def _off_the_chain(node: Node, previous: str) -> Finding | None:
    """What the node reads that is not the node before it, at once, and nothing else."""
    if len(node.sources) > 1:
        sources = " and ".join(edge.source for edge in node.sources)
        return _error(node.name, f"adds {sources}; a .net file is a chain without branches")
    edge = node.sources[0]
    if edge.delay:
        return _error(node.name, f"reads {edge.source} {edge.delay} steps late, as no chain does")
    if edge.source != previous:
        return _error(node.name, f"reads {edge.source}; a .net file is a chain without branches")
    return None


def _is_block(first: Input, layers: list[ChainLayer], flatten: Flatten | None) -> bool:
    """Whether the first neurons are an input block, driven by currents without synapses."""
    return not layers and flatten is None and first.signal == Signal.CURRENT


def _error(node: str, message: str) -> Finding:
    remedy = "for Loihi, build a chain of quant layers, each followed by quant.CubaLIF"
    return Finding(Severity.ERROR, node, message, remedy)
