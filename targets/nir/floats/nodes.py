"""A graph in floats as NIR's nodes and edges.

1. Sums are left out: their readers read all the terms, as edges that meet add up.
2. What reads a node late reads a Delay of it, except in a loop of one step, whose edge back waits.
3. The sums at a network's end are its Output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph as g
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge
from neurodeploy.errors import DoesNotFitError
from neurodeploy.graph import Graph, Node
from snncore.dynamics.zoo.readout import LAST
from targets.nir.file.tree import Edges, Tree
from targets.nir.floats.elementwise import elementwise
from targets.nir.floats.profiled import profile_of, seconds_for, written_neurons
from targets.nir.floats.windows import (
    Line,
    conv_members,
    joined_axes,
    line_members,
    lines_of,
    pool_of,
)
from targets.nir.foreign.profiles import Profile
from targets.nir.graph.names import Names


@dataclass
class FloatNodes:
    """NIR's nodes of a graph so far; each node of the graph is the sum of some of them."""

    graph: Graph
    dt: float
    profile: Profile
    names: Names = field(init=False)
    tree: dict[str, Tree] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    position: Mapping[str, int] = field(init=False)
    lines: Mapping[str, Line] = field(init=False)

    def __post_init__(self) -> None:
        self.names = Names(node.name for node in self.graph.nodes)
        self.position = {node.name: number for number, node in enumerate(self.graph.nodes)}
        self.lines = lines_of(self.graph)

    def add(self, node: Node, kind: str, members: Mapping[str, Any], *edges: Edge) -> None:
        """Add a node of NIR that reads some edges of the graph's."""
        name = self.names.of[node.name]
        self.tree[name] = {"type": kind, **members}
        for edge in edges:
            self.connect(node, name, edge)

    def connect(self, node: Node, name: str, edge: Edge) -> None:
        """Add the edges to a node of NIR.

        Raises:
            DoesNotFitError: if one is there already.
        """
        for source in self._sources(node, edge):
            if (source, name) in self.edges:
                raise DoesNotFitError(
                    f"{node.name}: reads {edge.source} twice, and NIR has an edge once",
                    remedy="double the weights instead",
                )
            self.edges.append((source, name))

    def _sources(self, node: Node, edge: Edge) -> list[str]:
        """Return the nodes of NIR that an edge of the graph comes from."""
        source = self.graph.by_name[edge.source]
        if self.position[edge.source] >= self.position[node.name]:
            if edge.delay != 1:
                raise DoesNotFitError(
                    f"{node.name}: is in a loop with a delay of {edge.delay} steps",
                    remedy="use a loop of one step, or --target onnx",
                )
            return [self.names.of[edge.source]]
        if edge.delay:
            return [self._late(edge)]
        if isinstance(source, g.Add):
            return [name for term in source.terms for name in self._sources(source, term)]
        equations = getattr(source, "equations", None)
        if equations is not None and equations.same_computation(LAST):
            return self._sources(source, source.sources[0])
        return [self.names.of[edge.source]]

    def _late(self, edge: Edge) -> str:
        late = f"{self.names.of[edge.source]}_delay_{edge.delay}"
        if late not in self.tree:
            shape = self.graph.shapes[edge.source]
            self.tree[late] = {"type": "Delay", "delay": np.full(shape, edge.delay * self.dt)}
            reader = self.graph.nodes[self.position[edge.source] + 1]
            sources = self._sources(reader, Edge(edge.source))
            self.edges += [(source, late) for source in sources]
        return late


def float_nodes(graph: Graph, dt: float) -> tuple[dict[str, Tree], Edges]:
    """Return NIR's nodes by name, and their edges.

    Raises:
        DoesNotFitError: if NIR cannot hold the network; names the layer.
        ValidationError: if the framework whose neurons they are fixes another step.
    """
    profile = profile_of(graph)
    nodes = FloatNodes(graph, seconds_for(profile, dt), profile)
    within = {line.conv.name for line in nodes.lines.values()}
    within |= {line.conv.source.source for line in nodes.lines.values()}
    for node in graph.nodes:
        if node.name in within:
            continue
        if not _WRITE.knows(node):
            raise _no_primitive(node)
        _require_bias(nodes, node)
        _WRITE(node, nodes)
    output = nodes.names.new("output")
    nodes.names.of["output of all"] = output
    shape = np.array(graph.shapes[graph.output], dtype=np.int64)
    nodes.tree[output] = {"type": "Output", "shape": shape}
    end = g.Flatten("output of all", Edge(graph.output))
    nodes.position = {**nodes.position, "output of all": len(graph.nodes)}
    nodes.connect(end, output, Edge(graph.output))
    return nodes.tree, tuple(nodes.edges)


def _no_primitive(node: Node) -> DoesNotFitError:
    return DoesNotFitError(
        f"{node.name}: NIR has no primitive for a {node.kind_name()}",
        remedy="use --target onnx, or train without it",
    )


def _require_bias(nodes: FloatNodes, node: Node) -> None:
    """Check that a bias on a way back counts in the first step if the reading counts it there.

    Raises:
        DoesNotFitError: if not; names the layer.
    """
    profile, weights = nodes.profile, (g.Dense, g.Conv2d)
    for edge in node.sources:
        source = nodes.graph.by_name[edge.source]
        back = nodes.position[edge.source] >= nodes.position[node.name]
        biased = isinstance(node, weights) and node.bias is not None
        if back and biased and not profile.bias_at_start:
            raise DoesNotFitError(
                f"{node.name}: its bias counts from the start, and {profile.title} leaves it out "
                "of the first step",
                remedy="use layer.Recurrent(..., from_start=False), or no bias",
            )
        waits = edge.delay and isinstance(source, weights) and source.bias is not None
        if waits and (profile.bias_at_start or not back):
            raise DoesNotFitError(
                f"{source.name}: its bias waits with its sums, and NIR's counts from the start",
                remedy="use layer.Recurrent(..., from_start=True), or no bias",
            )


_WRITE = KindTable[[FloatNodes], None]("a .nir file of floats")


def _single(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)


@_WRITE.register(g.Input)
def _input(node: g.Input, nodes: FloatNodes) -> None:
    if node.encoding is not None:
        raise DoesNotFitError(f"{node.name}: NIR has no encoder", remedy="encode before it")
    nodes.add(node, "Input", {"shape": np.array(node.shape, np.int64)})


@_WRITE.register(g.Add)
def _sum(node: g.Add, nodes: FloatNodes) -> None:
    """Leave a sum out: its readers read its terms."""


@_WRITE.register(g.Dense)
def _dense(node: g.Dense, nodes: FloatNodes) -> None:
    bias = np.zeros(len(node.weight)) if node.bias is None else node.bias
    members = {"weight": _single(node.weight), "bias": _single(bias)}
    nodes.add(node, "Affine", members, node.source)


@_WRITE.register(g.Conv2d)
def _conv(node: g.Conv2d, nodes: FloatNodes) -> None:
    kind, members = pool_of(node) or (
        "Conv2d",
        conv_members(node, nodes.graph.shapes[node.source.source]),
    )
    nodes.add(node, kind, members, node.source)


@_WRITE.register(g.SumPool2d)
def _pool(node: g.SumPool2d, nodes: FloatNodes) -> None:
    kinds = {1.0 / prod(node.kernel): "AvgPool2d", 1.0: "SumPool2d"}
    if node.weight not in kinds:
        raise DoesNotFitError(
            f"{node.name}: a pool that multiplies its sums by {node.weight:g}",
            remedy="use a sum or an average",
        )
    form = {"kernel_size": node.kernel, "stride": node.stride, "padding": (0, 0)}
    members = {key: np.array(value, np.int64) for key, value in form.items()}
    nodes.add(node, kinds[node.weight], members, node.source)


@_WRITE.register(g.Flatten, g.Reshape)
def _flatten(node: g.Flatten | g.Reshape, nodes: FloatNodes) -> None:
    """Write axes that become one, or a convolution of lines, whose last node a Reshape is."""
    line = nodes.lines.get(node.name)
    shape = nodes.graph.shapes[node.source.source if line is None else line.source.source]
    if line is not None:
        nodes.add(node, "Conv1d", line_members(line, shape), line.source)
        return
    axes = joined_axes(shape, nodes.graph.shapes[node.name])
    if axes is None:
        raise _no_primitive(node)
    end = -1 if axes == (0, len(shape) - 1) else axes[1]
    sides = {"start_dim": np.array(axes[0], np.int64), "end_dim": np.array(end, np.int64)}
    nodes.add(node, "Flatten", {"input_type": np.array(shape, np.int64), **sides}, node.source)


@_WRITE.register(g.Delay)
def _delay(node: g.Delay, nodes: FloatNodes) -> None:
    shape = nodes.graph.shapes[node.name]
    steps = node.steps.reshape(-1, *[1] * (len(shape) - 1))
    seconds = np.ascontiguousarray(np.broadcast_to(steps * nodes.dt, shape))
    nodes.add(node, "Delay", {"delay": seconds}, node.source)


@_WRITE.register(g.Neuron)
def _neurons(node: g.Neuron, nodes: FloatNodes) -> None:
    if node.equations.same_computation(LAST):
        return
    if node.system is not None or node.second is not None:
        raise DoesNotFitError(
            f"{node.name}: is not a neuron in floats with one input", remedy="use --target onnx"
        )
    shape = nodes.graph.shapes[node.name]
    plain = elementwise(node)
    if plain is not None:
        full = {key: np.broadcast_to(value, shape) for key, value in node.parameters.items()}
        nodes.add(node, plain, {key: _single(v) for key, v in full.items()}, node.source)
        return
    kind, numbers = written_neurons(node, shape, nodes.profile, nodes.dt)
    nodes.add(node, kind, numbers, node.source)


@_WRITE.register(g.Decoder)
def _decoder(node: g.Decoder, nodes: FloatNodes) -> None:
    raise DoesNotFitError(f"{node.name}: NIR has no decoder over time", remedy="leave it out")
