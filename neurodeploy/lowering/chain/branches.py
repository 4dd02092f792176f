"""A program with branches as layers of neurons and the weights that lead to each.

1. A flatten is transparent: its values are those of the image, in C order.
2. A max pool of spikes is a layer of neurons of its own: each fires if any of its window fired.
3. Dense weights of a layer's own spikes, a step later, are its loop.
4. Measurements drive the first layer alone, which then takes the input's role.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.lowering.chain.form import ChainForm
from neurodeploy.program import (
    Conv2d,
    Dense,
    Flatten,
    Input,
    Neuron,
    Node,
    Program,
    Selection,
    Signal,
    Synapse,
)
from snncore.dynamics.zoo.readout import shows_voltage


@dataclass(frozen=True)
class Drive:
    """Weights from the spikes of one layer."""

    source: str
    node: Dense | Conv2d


@dataclass(frozen=True)
class Unit:
    """A layer of neurons, or the neurons that stand for a max pool."""

    name: str
    shape: Shape
    drives: tuple[Drive, ...]
    # None for a pool.
    neuron: Neuron | None = None
    loop: Dense | None = None

    @property
    def is_image(self) -> bool:
        """Whether only convolutions lead here."""
        return self.loop is None and all(isinstance(each.node, Conv2d) for each in self.drives)


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

    def refusal(self, node: Node, reason: str, remedy: str | None = None) -> DoesNotFitError:
        """Return the error for a node that no chain can hold."""
        other = f"export the network for {self.form.elsewhere}"
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
    if node.source.delay:
        raise branches.refusal(node, "flattens an earlier step")
    branches.spikes[node.name] = branches.source_of(node, node.source)


@_TAKEN.register(Selection)
def _pool(node: Selection, branches: Branches) -> None:
    """Take a pool of spikes as neurons that fire if the largest value of their window is 1."""
    if node.source.delay:
        raise branches.refusal(node, "reads an earlier step")
    source = branches.source_of(node, node.source)
    form = branches.form
    channels = branches.shape(source)[0]
    kernel = node.spike_kernel(channels, form.relay_weight, form.kernel_bits)
    if not isinstance(kernel, Conv2d):
        kind = type(node).__name__
        raise branches.refusal(node, f"a chain of layers does not hold the kind {kind}")
    own = branches.shape(node.name)
    branches.units[node.name] = Unit(node.name, own, (Drive(source, kernel),))
    branches.spikes[node.name] = node.name


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
        if weights is None or edge.delay:
            late = "" if weights is None else f" {edge.delay} steps late"
            raise branches.refusal(node, f"reads {edge.source}{late}, and not weights")
        if weights.source.delay and weights.source.source == node.name:
            loops.append(_loop(weights, branches))
        else:
            drives += _pieces(_drive(weights, branches), branches.form)
    if not drives or len(loops) > 1:
        raise branches.refusal(node, f"has {len(drives)} inputs and {len(loops)} loops")
    _require_sums(node, [drive.node for drive in drives], branches)
    loop = loops[0] if loops else None
    shape = branches.shape(node.name)
    branches.units[node.name] = Unit(node.name, shape, tuple(drives), node, loop)


def _driven(node: Neuron, branches: Branches) -> None:
    """Take the neurons that measurements drive as the layer that enters the chain."""
    first, program = branches.head[0], branches.program
    if node.inputs != (Edge(first.name),):
        raise branches.refusal(node, "weighs measurements, and synapses take spikes")
    readers = [each for each in program.nodes if Edge(first.name) in each.sources]
    if len(readers) > 1:
        reason = f"and {readers[1].name} read measurements, which drive one layer"
        raise branches.refusal(node, reason, "let the second read the spikes of the first")
    branches.head.append(node)


def _loop(node: Synapse, branches: Branches) -> Dense:
    if not isinstance(node, Dense) or node.source.delay != 1 or node.delays is not None:
        reason = f"brings spikes back {node.source.delay} steps late"
        raise branches.refusal(node, reason, "use dense weights and a delay of 1 step")
    return node


def _drive(node: Synapse, branches: Branches) -> Drive:
    """Return weights with the layer they read; steps that they wait become dense delays."""
    assert isinstance(node, Dense | Conv2d)
    source, late = branches.source_of(node, node.source), node.source.delay
    form = branches.form
    bits = form.dense_bits if isinstance(node, Dense) else form.kernel_bits
    if node.accumulator_bits != bits or (isinstance(node, Dense) and node.shift):
        reason = f"sums of {node.accumulator_bits} bits, shifted or not the chip's {bits}"
        raise branches.refusal(node, reason)
    if late and isinstance(node, Conv2d):
        raise branches.refusal(node, f"reads {source} {late} steps late", "leave the delay out")
    if late and isinstance(node, Dense):
        before = 0 if node.delays is None else node.delays
        delays = np.broadcast_to(np.asarray(before) + late, node.narrow_weight.shape)
        node = replace(node, delays=delays, source=Edge(node.source.source))
    return Drive(source, node)


def _pieces(drive: Drive, form: ChainForm) -> list[Drive]:
    """Return weights as several whose sum they are, each small enough for a synapse."""
    left = drive.node.narrow_weight.astype(np.int64)
    # A layer with weights of one sign holds one more.
    if form.weights.low <= left.min() and left.max() <= form.weights.high + 1:
        return [drive]
    pieces = []
    while left.any():
        piece = np.clip(left, form.weights.low, form.weights.high)
        pieces.append(Drive(drive.source, replace(drive.node, weight=piece)))
        left = left - piece
    return pieces


def _require_sums(node: Neuron, weights: list[Dense | Conv2d], branches: Branches) -> None:
    """Check that sums cannot wrap, since joined ones would wrap elsewhere.

    Raises:
        DoesNotFitError: if they can; names the neurons.
    """
    kernels = any(isinstance(each, Conv2d) for each in weights)
    most = 1 << ((branches.form.kernel_bits if kernels else branches.form.dense_bits) - 1)
    reached = sum(
        int(np.abs(each.narrow_weight.astype(np.int64)).reshape(len(rows), -1).sum(axis=1).max())
        for each in weights
        if (rows := each.narrow_weight).size
    )
    if reached >= most:
        reason = f"its sums may reach {reached}, and joined with others they wrap at {most}"
        raise branches.refusal(node, reason, "use smaller kernels or weights")
