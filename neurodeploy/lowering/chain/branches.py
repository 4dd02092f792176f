"""A program with branches as layers of neurons and the weights that lead to each.

1. A flatten is transparent: its values are those of the image, in C order. What moves values
   otherwise becomes part of the weights that read it, or whose sums it moves.
2. A max pool of spikes is a layer of neurons of its own: each fires if any of its window fired.
3. A product of two layers' spikes is one too: each fires if both did, or one and not the other.
4. Dense weights of a layer's own spikes, a step later, are its loop.
5. Measurements drive the first layer alone, which then takes the input's role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.lowering.chain.drives import (
    Drive,
    drives_of,
    factor_of,
    loop_of,
    moved_sums,
    pieces,
    require_sums,
)
from neurodeploy.lowering.chain.form import ChainForm
from neurodeploy.lowering.chain.moved import Numbers, Origins
from neurodeploy.program import (
    Attention,
    Conv2d,
    Dense,
    Flatten,
    Input,
    Multiply,
    Neuron,
    Node,
    Program,
    Selection,
    Signal,
    Synapse,
)
from snncore.dynamics.zoo.readout import shows_voltage


@dataclass(frozen=True)
class Unit:
    """A layer of neurons, or the neurons that stand for a max pool or a product."""

    name: str
    shape: Shape
    drives: tuple[Drive, ...]
    # None for a pool or a product, whose neurons have these parameters.
    neuron: Neuron | None = None
    loop: Dense | None = None
    parameters: Mapping[str, int] | None = None

    @property
    def is_image(self) -> bool:
        """Whether only convolutions lead here."""
        return self.loop is None and all(isinstance(each.node, Conv2d) for each in self.drives)

    @property
    def waits(self) -> bool:
        """Whether spikes reach it late."""
        nodes = [each.node for each in self.drives]
        return any(isinstance(node, Dense) and node.delays is not None for node in nodes)


@dataclass
class Branches:
    """The nodes before the first layer of the chain, and every layer behind them in order."""

    program: Program
    form: ChainForm
    head: list[Node] = field(default_factory=list)
    units: dict[str, Unit] = field(default_factory=dict)
    # For each node so far: the layer whose spikes it is.
    spikes: dict[str, str] = field(default_factory=dict)
    weights: dict[str, Synapse] = field(default_factory=dict)
    # For each node that moves values: the origins of its values.
    moved: dict[str, Numbers] = field(default_factory=dict)
    origins: Origins = field(default_factory=Origins)

    @property
    def first(self) -> str:
        """The layer whose spikes enter the chain."""
        return self.head[-1].name

    def shape(self, name: str) -> Shape:
        """Return the shape of a layer."""
        return self.program.shapes[name]

    def source_of(self, node: Node, edge: Edge) -> str:
        """Return the layer whose spikes a node reads.

        Raises:
            DoesNotFitError: if they are not spikes of an earlier layer; names the node.
        """
        source = self.spikes.get(edge.source)
        if source is None:
            raise self.refusal(node, f"reads {edge.source}, which comes later or has no neurons")
        return source

    def numbers(self, node: Node, edge: Edge) -> Numbers:
        """Return the origins of the values that a node reads.

        Raises:
            DoesNotFitError: if they are neither spikes nor sums of weights; names the node.
        """
        name = edge.source
        if name in self.moved:
            return self.moved[name]
        origin = name if name in self.weights else self.source_of(node, edge)
        numbers = self.origins.numbers(origin, self.shape(origin))
        return numbers.reshape(self.shape(name))

    def refusal(
        self, node: Node, reason: str, remedy: str | None = None, elsewhere: str | None = None
    ) -> DoesNotFitError:
        """Return the error for a node that no chain can hold."""
        other = f"export the network for {elsewhere or self.form.elsewhere}"
        words = other if remedy is None else f"{remedy}, or {other}"
        return DoesNotFitError(f"{node.name}: {reason}", remedy=words)


def branches_of(program: Program, form: ChainForm) -> Branches:
    """Return the layers that a program's output needs.

    Raises:
        DoesNotFitError: if a chain cannot hold one of them; names it.
    """
    branches = Branches(program, form)
    for node in program.nodes:
        if not _TAKEN.knows(node):
            kind = type(node).__name__
            raise branches.refusal(node, f"a chain of layers does not hold the kind {kind}")
        _TAKEN(node, branches)
    output = program.by_name[program.output]
    if not isinstance(output, Neuron):
        raise branches.refusal(output, "is the network's output, and a chain ends in neurons")
    needed, pending = set[str](), [program.output]
    while pending:
        name = pending.pop()
        if name in branches.units and name not in needed:
            needed.add(name)
            pending += [drive.source for drive in branches.units[name].drives]
    branches.units = {name: unit for name, unit in branches.units.items() if name in needed}
    return branches


# Enter a node into the layers so far.
_TAKEN = KindTable[[Branches], None]("the chain of layers")


@_TAKEN.register(Input)
def _input(node: Input, branches: Branches) -> None:
    if branches.head:
        raise branches.refusal(node, "a chain has one input")
    branches.head.append(node)
    if node.signal == Signal.SPIKES:
        branches.spikes[node.name] = node.name


@_TAKEN.register(Flatten)
def _flatten(node: Flatten, branches: Branches) -> None:
    if node.source.source in branches.spikes and not node.source.delay:
        branches.spikes[node.name] = branches.spikes[node.source.source]
    else:
        _selection(node, branches)


@_TAKEN.register(Selection)
def _selection(node: Selection, branches: Branches) -> None:
    if any(edge.delay for edge in node.sources):
        raise branches.refusal(node, "reads an earlier step")
    if not node.additive:
        _pool(node, branches)
        return
    values = [branches.numbers(node, edge)[None] for edge in node.sources]
    (branches.moved[node.name],) = node.select(*values)


def _pool(node: Selection, branches: Branches) -> None:
    """Take a pool of spikes as neurons that fire if the largest value of their window is 1."""
    origin = node.source.source
    while origin in branches.moved:
        origin = branches.program.by_name[origin].sources[0].source
    if origin in branches.weights:
        reason = f"takes the largest of sums, those of {node.source.source}"
        raise branches.refusal(node, reason, "put the pool behind the neurons")
    read, form = branches.shape(node.source.source), branches.form
    kernel = node.spike_kernel(read[0], form.relay_weight, form.kernel_bits)
    if not isinstance(kernel, Conv2d):
        kind = type(node).__name__
        raise branches.refusal(node, f"a chain of layers does not hold the kind {kind}")
    drives = tuple(drives_of(kernel, branches))
    branches.units[node.name] = Unit(node.name, branches.shape(node.name), drives)
    branches.spikes[node.name] = node.name


@_TAKEN.register(Multiply)
def _multiply(node: Multiply, branches: Branches) -> None:
    """Take a product of spikes as neurons that fire if its value is 1."""
    if any(edge.delay for edge in node.sources):
        raise branches.refusal(node, "reads an earlier step")
    form = branches.form
    weights = (form.relay_weight, -form.relay_weight if node.complement else form.relay_weight)
    pairs = zip(node.inputs, weights, strict=True)
    drives = tuple(d for edge, weight in pairs for d in factor_of(node, edge, weight, branches))
    parameters = form.relay if node.complement else form.both
    shape = branches.shape(node.name)
    branches.units[node.name] = Unit(node.name, shape, drives, parameters=parameters)
    branches.spikes[node.name] = node.name


@_TAKEN.register(Attention)
def _attention(node: Attention, branches: Branches) -> None:
    reason = "adds products of spikes, and synapses add weights"
    raise branches.refusal(node, reason, elsewhere=branches.form.attentive)


@_TAKEN.register(Dense, Conv2d)
def _weights(node: Synapse, branches: Branches) -> None:
    branches.weights[node.name] = node


@_TAKEN.register(Neuron)
def _neurons(node: Neuron, branches: Branches) -> None:
    branches.spikes[node.name] = node.name
    if not branches.spikes.keys() - {node.name} and len(branches.head) == 1:
        _driven(node, branches)
        return
    form = branches.form
    own = node.equations.same_computation(form.equations) and node.system == form.system
    # The output stands alone in the last layer, which may show voltages.
    if not own and not (node.name == branches.program.output and shows_voltage(node.equations)):
        kind = f"{node.equations.name} in the number system {node.system.name}"
        reason = f"{kind} does not stand beside neurons of other branches"
        raise branches.refusal(node, reason, "use neurons of the chip's own kind")
    drives, loops = list[Drive](), list[Dense]()
    for edge in node.inputs:
        weights = branches.weights.get(edge.source)
        if edge.source in branches.moved and not edge.delay:
            drives += [p for each in moved_sums(node, edge, branches) for p in pieces(each, form)]
            continue
        if weights is None or edge.delay:
            late = "" if weights is None else f" {edge.delay} steps late"
            raise branches.refusal(node, f"reads {edge.source}{late}, and not weights")
        if weights.source.delay and weights.source.source == node.name:
            loops.append(loop_of(weights, branches))
        else:
            drives += [p for each in drives_of(weights, branches) for p in pieces(each, form)]
    if not drives or len(loops) > 1:
        raise branches.refusal(node, f"has {len(drives)} inputs and {len(loops)} loops")
    require_sums(node, [drive.node for drive in drives], branches)
    loop = loops[0] if loops else None
    shape = branches.shape(node.name)
    branches.units[node.name] = Unit(node.name, shape, tuple(drives), node, loop)


def _driven(node: Neuron, branches: Branches) -> None:
    """Take the neurons that measurements drive as the layer that enters the chain."""
    first, program = branches.head[0], branches.program
    if node.inputs != (Edge(first.name),):
        remedy = "put neurons, such as encoding.Rate(), before the first weights"
        raise branches.refusal(node, "weighs measurements, and synapses take spikes", remedy)
    readers = [each for each in program.nodes if Edge(first.name) in each.sources]
    if len(readers) > 1:
        reason = f"and {readers[1].name} read measurements, which drive one layer"
        raise branches.refusal(node, reason, "let the second read the spikes of the first")
    branches.head.append(node)
