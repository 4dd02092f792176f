"""The end of lowering: floats on a chip's grid become its integers.

1. A weight is an integer times 2**exponent, a parameter an integer with the number system's
   fraction; a value that is not exactly one is refused, and the layer named.
2. A selection applies to each term of a sum; a max pool takes the spikes of one layer, and a
   concatenation values of one unit.
3. An addition of spikes is a value where the target takes it. Any other is carried to the neurons:
   a layer of weights applies to each term.
4. Values that reach neurons without weights get weights of one.
5. Neurons that measurements drive read the input as it is, which then carries currents.
6. A product is one of integers without a unit, such as spikes (`multiplied.py`).
7. A delay becomes one of each dense weight that reads it; a loop reads what neurons sent before.
Every node changes: the result is a Program.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurodeploy import graph as g
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge
from neurodeploy.errors import DoesNotFitError
from neurodeploy.graph.kinds.node import Weights
from neurodeploy.lowering.driven import driven_neuron, is_driven, signal_of
from neurodeploy.lowering.grid import on_grid
from neurodeploy.lowering.moving import is_idle, joined, twin
from neurodeploy.lowering.multiplied import attended, multiplied
from neurodeploy.lowering.terms import Terms
from neurodeploy.program import Add, Conv2d, Decoder, Dense, Input, Neuron, Node, Program, SumPool2d
from snncore.dynamics.zoo.readout import DECODING

# Where a layer does not say how wide its sums are.
_DENSE_BITS, _KERNEL_BITS = 32, 24


class SumPoolError(DoesNotFitError):
    """A pool whose sums are no value of the program; it may still be folded into what reads it."""

    def __init__(self, pool: str, reason: DoesNotFitError) -> None:
        super().__init__(reason.message, remedy=reason.remedy)
        self.pool = pool


def to_program(graph: g.Graph, largest_sum: int = 0) -> Program:
    """Return the program of a graph whose layers are quantized, and whose pools are folded.

    Sums of spikes up to `largest_sum` are values of it.

    Raises:
        SumPoolError: if a pool was not folded, and its sums are no values.
        DoesNotFitError: if a layer is not quantized, or has no integer form; names it.
        UnknownKindError: if the lowering does not know a kind of node.
    """
    terms = Terms(graph, largest_sum)
    for node in graph.nodes:
        lowered = _LOWERED.of(node)
        late = any(edge.delay for edge in node.sources)
        terms.of[node.name] = _loop(node, terms) if late else lowered(node, terms)
    _require_neurons(graph.by_name[graph.output])
    return Program(tuple(terms.nodes.values()), graph.output)


def _require_neurons(output: g.Node) -> None:
    """Check that a network's output is one of neurons.

    Raises:
        DoesNotFitError: if not; names the layer.
    """
    if not isinstance(output, g.Neuron):
        words, remedy = _ENDS.get(type(output), _ENDS[g.Node])
        raise DoesNotFitError(f"{output.name}: {words}", remedy=remedy)


# What is wrong with an output of this kind, or of any other, and what to do.
_ENDS: dict[type[g.Node], tuple[str, str]] = {
    g.Delay: (
        "delays the network's output, which no chip does behind the last layer",
        "leave this delay out (in slayer: delay_shift=False and delay=False in the last block)",
    ),
    g.Node: (
        "the network ends in a layer without neurons",
        "append quant.CubaLIF, quant.LIF or quant.IF",
    ),
}


# Append the program nodes of a graph node, and return the names of those whose sum it is.
_LOWERED = KindTable[[Terms], list[str]]("the lowering to a program")


@_LOWERED.register(g.Input)
def _input(node: g.Input, terms: Terms) -> list[str]:
    return terms.append(Input(node.name, node.shape, signal_of(terms.graph, node), node.encoding))


@_LOWERED.register(g.Add)
def _add(node: g.Add, terms: Terms) -> list[str]:
    terms.require_no_delay(node)
    read = [term for edge in node.terms for term in terms.of[edge.source]]
    total = Add(node.name, tuple(map(Edge, read)))
    return terms.append(total) if terms.is_value(total) else read


@_LOWERED.register(g.Delay)
def _delay(node: g.Delay, terms: Terms) -> list[str]:
    """Return the same values; the weights that read them learn how late they are."""
    name, shape = node.source.source, terms.graph.shapes[node.name]
    steps = node.steps.astype(np.int64).reshape(-1, *[1] * (len(shape) - 1))
    before = terms.late.get(name, np.zeros(shape, dtype=np.int64))
    terms.late[node.name] = before + np.broadcast_to(steps, shape)
    return terms.of[name]


@_LOWERED.register(g.Selection)
def _selection(node: g.Selection, terms: Terms) -> list[str]:
    """Append the same selection of each term, or of what several sources have one term of."""
    if not node.additive:
        _require_single(node, terms)
    if len(node.sources) > 1:
        terms.require_no_delay(node)
        return terms.append(joined(node, terms))
    source = node.sources[0].source
    if source in terms.late:
        (terms.late[node.name],) = node.select(terms.late[source][None])
    if is_idle(node, terms.graph):
        return terms.of[source]
    return terms.append_each(node.name, node.source, lambda name, edge: twin(node, name, edge))


def _require_single(node: g.Selection, terms: Terms) -> None:
    """Check that a node reads the spikes of one layer, or its sums, in this step.

    Raises:
        DoesNotFitError: otherwise; names the node.
    """
    if len(terms.of[node.source.source]) > 1:
        raise DoesNotFitError(
            f"{node.name}: takes the largest of a sum, which its terms do not have",
            remedy="put the pool before the addition, or neurons between them",
        )
    terms.require_no_delay(node)


_LOWERED.register(g.Multiply)(multiplied)
_LOWERED.register(g.Attention)(attended)


@_LOWERED.register(g.Dense)
def _linear(node: g.Dense, terms: Terms) -> list[str]:
    terms.require_spikes(node)
    return terms.append_each(node.name, node.source, _dense(node, terms))


@_LOWERED.register(g.Conv2d)
def _conv2d(node: g.Conv2d, terms: Terms) -> list[str]:
    terms.require_spikes(node)
    terms.require_no_delay(node)
    exponent, bits = _exponent_of(node), node.accumulator_bits or _KERNEL_BITS
    weight = on_grid(node.narrow_weight, exponent, f"{node.name}.weight")
    geometry = (node.stride, node.padding, node.dilation, node.groups)

    def kernel(name: str, source: Edge) -> Node:
        return Conv2d(name, source, weight, *geometry, exponent, bits)

    return terms.append_each(node.name, node.source, kernel)


@_LOWERED.register(g.BatchNorm)
def _batch_norm(node: g.BatchNorm, terms: Terms) -> list[str]:
    terms.require_spikes(node)
    terms.require_no_delay(node)
    raise DoesNotFitError(
        f"{node.name}: a batch norm scales by floats",
        remedy="use quant.prepare, which folds it into the weights before it",
    )


@_LOWERED.register(g.GroupNorm)
def _group_norm(node: g.GroupNorm, terms: Terms) -> list[str]:
    raise DoesNotFitError(
        f"{node.name}: a group norm divides by the spread of every sample, which has no integer "
        "form",
        remedy="use layer.BatchNorm2d, which quant.prepare folds into the weights before it",
    )


@_LOWERED.register(g.SumPool2d)
def _sum_pool(node: g.SumPool2d, terms: Terms) -> list[str]:
    terms.require_spikes(node)
    try:
        terms.require_no_delay(node)
    except DoesNotFitError as error:
        raise SumPoolError(node.name, error) from error
    read = terms.of[node.source.source]
    if terms.largest_sum and len(read) == 1 and (node.weight, node.exponent) == (1.0, None):
        total = SumPool2d(node.name, (Edge(read[0]),), node.kernel, node.stride)
        if terms.is_value(total):
            return terms.append(total)
    reason = DoesNotFitError(
        f"{node.name}: no weights and no neurons read the sums of this pool as they are",
        remedy="put the pool right before weights, a delay before the pool, or "
        "quant.SumPool2d and neurons into quant.Block",
    )
    raise SumPoolError(node.name, reason)


@_LOWERED.register(g.Neuron)
def _neurons(node: g.Neuron, terms: Terms) -> list[str]:
    if node.system is None or node.exponent is None:
        raise DoesNotFitError(
            f"{node.name}: its neurons are floats, in no chip's number system",
            remedy="use quant.CubaLIF and train, or load a quantized model",
        )
    terms.require_no_delay(node)
    parameters = {}
    for key, value in node.parameters.items():
        fraction = node.system.parameter_fraction(key)
        # A parameter without a fraction counts in the layer's unit; one with it is a ratio.
        exponent = -fraction if fraction else node.exponent
        parameters[key] = on_grid(value, exponent, f"{node.name}.{key}")
    if is_driven(node):
        return terms.append(driven_neuron(terms.graph, node, parameters))
    edges, ports = [], []
    for port, edge in zip(node.equations.inputs, node.sources, strict=True):
        driving = terms.driving(edge, node)
        edges += driving
        ports += [port] * len(driving)
    form = (node.equations, node.system, parameters, node.exponent)
    return terms.append(Neuron(node.name, tuple(edges), *form, tuple(ports)))


@_LOWERED.register(g.Decoder)
def _decoder(node: g.Decoder, terms: Terms) -> list[str]:
    """Append a decoder over time, which counts in the unit of what it reads."""
    terms.require_no_delay(node)
    (name,) = terms.of[node.source.source]
    read = terms.nodes[name]
    exponent = read.readout.exponent if isinstance(read, Neuron) else 0
    parameters = {key: on_grid(value, 0, node.name) for key, value in node.parameters.items()}
    form = (node.equations, DECODING, parameters, exponent)
    return terms.append(Decoder(node.name, (Edge(name),), *form, per_step=node.per_step))


def _loop(node: g.Node, terms: Terms) -> list[str]:
    """Append dense weights that bring back what a layer sent a step or more before.

    Raises:
        DoesNotFitError: if anything else reads an earlier step.
    """
    edge = node.sources[0]
    if not isinstance(node, g.Dense) or not isinstance(terms.graph.by_name[edge.source], g.Neuron):
        raise DoesNotFitError(
            f"{node.name}: reads {edge.source} {edge.delay} steps late, which only dense "
            "weights from neurons can",
            remedy="leave the delay out, or put snncore.layer.Delay before dense weights",
        )
    return terms.append(_dense(node, terms)(node.name, edge))


def _dense(node: g.Dense, terms: Terms) -> Callable[[str, Edge], Node]:
    """Return how to make dense weights under a name, with the delays of what they read."""
    exponent, bits = _exponent_of(node), node.accumulator_bits or _DENSE_BITS
    weight = on_grid(node.narrow_weight, exponent, f"{node.name}.weight")
    late = terms.late.get(node.source.source)
    delays = None if late is None else np.broadcast_to(late.reshape(-1), weight.shape)
    return lambda name, source: Dense(name, source, weight, exponent, 0, bits, delays)


def _exponent_of(node: Weights) -> int:
    """Return the exponent of weights on a chip's grid, to whose sums nothing is added.

    Raises:
        DoesNotFitError: if they are not on a grid, or have a bias; names the layer.
    """
    if node.exponent is None:
        raise DoesNotFitError(
            f"{node.name}: its weights are floats, not on a chip's grid",
            remedy=f"use quant.{node.kind_name()} and train, or load a quantized model",
        )
    if node.bias is not None:
        raise DoesNotFitError(
            f"{node.name}: its bias is the neurons' to add",
            remedy="give the neurons a parameter for it",
        )
    return node.exponent
