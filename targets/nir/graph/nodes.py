"""A program as NIR's nodes and edges.

1. A node becomes one of NIR's, or several whose sum it is: weights with delays, one for each delay.
2. What reads a node late reads a Delay of it, except in a loop, where NIR's edge waits one step.
3. Kernels of several groups become one group with zeros, since nir counts their channels wrongly;
   oblong kernels become square with zeros, since nir takes them as square.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge, Pair
from neurodeploy.errors import DoesNotFitError, UnknownKindError
from neurodeploy.program import (
    Conv2d,
    Decoder,
    Dense,
    Flatten,
    Input,
    Neuron,
    Node,
    Program,
    Synapse,
)
from targets.nir.file.tree import Edges, Leaf, Scaled, Tree
from targets.nir.graph.loops import is_back, looped_nodes
from targets.nir.graph.names import Names
from targets.nir.graph.neurons import Floats, Primitive, primitive_of
from targets.nir.graph.units import input_unit, reads_sums, require_values, unit_of

# Float32 holds every whole number of so many bits.
_MANTISSA = 1 << 24


@dataclass
class Nodes:
    """NIR's nodes of a program so far; each of the program's is the sum of some of them."""

    program: Program
    dt: float
    names: Names = field(init=False)
    tree: dict[str, Tree] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    parts: dict[str, tuple[str, ...]] = field(init=False)
    biases: dict[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = Names(node.name for node in self.program.nodes)
        # A loop reads nodes that come later, and are never several.
        self.parts = {name: (unique,) for name, unique in self.names.of.items()}

    def add(self, node: Node, name: str, kind: str, members: Tree, *edges: Edge) -> None:
        """Add a node of NIR that reads some edges of the program's."""
        self.tree[name] = {"type": kind, **members}
        for edge in edges:
            for source in self._sources(node, edge):
                if (source, name) in self.edges:
                    raise DoesNotFitError(
                        f"{node.name}: reads {edge.source} twice, and NIR has an edge once",
                        remedy="double the weights instead",
                    )
                self.edges.append((source, name))

    def _sources(self, node: Node, edge: Edge) -> tuple[str, ...]:
        """Return the nodes of NIR that an edge of the program comes from."""
        if edge.delay == 0 or is_back(self.program, node, edge):
            return self.parts[edge.source]
        late = f"{self.names.of[edge.source]}_delay_{edge.delay}"
        if late not in self.tree:
            shape = self.program.shapes[edge.source]
            seconds = np.full(shape, edge.delay * self.dt, dtype=np.float64)
            self.tree[late] = {"type": "Delay", "delay": seconds}
            self.edges += [(source, late) for source in self.parts[edge.source]]
        return (late,)


def nodes_of(program: Program, dt: float) -> tuple[dict[str, Tree], Edges]:
    """Return NIR's nodes by name, and their edges.

    Raises:
        DoesNotFitError: if NIR cannot hold the program; names the layer.
    """
    for node in program.nodes:
        _require_known(node)
    looped_nodes(program)
    nodes = Nodes(program, dt)
    for layer in program.layers:
        _give_bias(layer, nodes)
    for node in program.nodes:
        _WRITE(node, nodes)
    output = nodes.names.new("output")
    shape = np.array(program.shapes[program.output], dtype=np.int64)
    last = program.by_name[program.output]
    nodes.add(last, output, "Output", {"shape": shape}, Edge(program.output))
    return nodes.tree, tuple(nodes.edges)


def _require_known(node: Node) -> None:
    """Check that NIR has nodes of a kind.

    Raises:
        DoesNotFitError: if it has none; names the node.
    """
    if not _WRITE.knows(node):
        raise DoesNotFitError(
            f"{node.name}: NIR has no primitive for a {node.kind_name()}",
            remedy="use --target onnx, or train without it",
        )


def layer_of(node: Neuron, program: Program, dt: float) -> Primitive:
    """Return a layer of neurons as NIR has it.

    Raises:
        DoesNotFitError: if it has none like it; names it.
    """
    gain = None if reads_sums(program, node) else float(np.ldexp(1.0, input_unit(node)))
    return primitive_of(node, program.shapes[node.name], dt, gain)


def _give_bias(node: Neuron, nodes: Nodes) -> None:
    """Give the bias of neurons to weights that drive no others.

    Raises:
        DoesNotFitError: if there are none; names the layer.
    """
    bias = layer_of(node, nodes.program, nodes.dt).bias
    if bias is None:
        return
    inside = looped_nodes(nodes.program)
    readers = [edge.source for each in nodes.program.nodes for edge in each.sources]
    for edge in node.inputs:
        weights = nodes.program.by_name[edge.source]
        own = readers.count(edge.source) == 1 and edge.delay == 0 and weights.name not in inside
        if own and isinstance(weights, Synapse):
            nodes.biases[weights.name] = bias
            return
    raise DoesNotFitError(
        f"{node.name}: has a bias, and no weights drive it alone, which could hold it",
        remedy="train without the bias, or use --target onnx",
    )


# Write a node of a program.
_WRITE = KindTable[[Nodes], None]("a .nir file")


@_WRITE.register(Input)
def _input(node: Input, nodes: Nodes) -> None:
    nodes.add(node, nodes.names.of[node.name], "Input", {"shape": np.array(node.shape, np.int64)})


@_WRITE.register(Dense)
def _dense(node: Dense, nodes: Nodes) -> None:
    if node.shift:
        raise _refused(node, f"its sums are shifted by {node.shift} bits, and NIR has no shift")
    require_values(nodes.program, node)
    unit = unit_of(nodes.program, node)
    bias = nodes.biases.get(node.name, np.zeros(len(node.narrow_weight)))
    parts = []
    for number, (edge, weight) in enumerate(node.delayed_weights):
        name = nodes.names.of[node.name]
        name = nodes.names.new(f"{name}_{number}") if number else name
        once = bias if number == 0 else np.zeros_like(bias)
        members: dict[str, Leaf] = {
            "weight": _scaled(node, weight, unit),
            "bias": single(node, "bias", once),
        }
        nodes.add(node, name, "Affine", members, edge)
        parts.append(name)
    nodes.parts[node.name] = tuple(parts)


@_WRITE.register(Conv2d)
def _conv(node: Conv2d, nodes: Nodes) -> None:
    require_values(nodes.program, node)
    bias = nodes.biases.get(node.name)
    channels = np.zeros(len(node.narrow_weight)) if bias is None else bias[:, 0, 0]
    if bias is not None and (bias != channels[:, None, None]).any():
        raise _refused(node, "its neurons have a bias each, and a convolution one a channel")
    shape = nodes.program.shapes[node.source.source]
    margins = _margins(node)
    pairs = {
        "input_shape": shape[1:],
        "stride": node.stride,
        "padding": tuple(np.add(node.padding, np.multiply(margins, node.dilation))),
        "dilation": node.dilation,
    }
    members: dict[str, Leaf] = {key: np.array(pair, dtype=np.int64) for key, pair in pairs.items()}
    (above, left), kernels = margins, _ungrouped(node)
    square = np.pad(kernels, ((0, 0), (0, 0), (above, above), (left, left)))
    weight = _scaled(node, square, unit_of(nodes.program, node))
    members |= {"weight": weight, "bias": single(node, "bias", channels)}
    members["groups"] = np.array(1, dtype=np.int64)
    nodes.add(node, nodes.names.of[node.name], "Conv2d", members, node.source)


def _margins(node: Conv2d) -> Pair:
    """Return the zeros on each side that make a kernel square.

    Raises:
        DoesNotFitError: if it cannot be the same on both sides; names the layer.
    """
    (height, width), side = node.kernel, max(node.kernel)
    if (height - width) % 2:
        message = f"a kernel of {height} x {width}, and nir takes every kernel as square"
        raise _refused(node, message)
    return (side - height) // 2, (side - width) // 2


def _ungrouped(node: Conv2d) -> NDArray[Any]:
    """Return the kernels over all channels, with zeros for those of other groups."""
    weight, groups = node.narrow_weight, node.groups
    if groups == 1:
        return weight
    outputs, inputs, *kernel = weight.shape
    whole = np.zeros((outputs, inputs * groups, *kernel), dtype=weight.dtype)
    size = outputs // groups
    for group in range(groups):
        rows = slice(group * size, (group + 1) * size)
        whole[rows, group * inputs : (group + 1) * inputs] = weight[rows]
    return whole


@_WRITE.register(Flatten)
def _flatten(node: Flatten, nodes: Nodes) -> None:
    shape = np.array(nodes.program.shapes[node.source.source], dtype=np.int64)
    members = {"input_type": shape, "start_dim": np.int64(0), "end_dim": np.int64(-1)}
    tree = {key: np.asarray(value) for key, value in members.items()}
    nodes.add(node, nodes.names.of[node.name], "Flatten", tree, node.source)


@_WRITE.register(Neuron)
def _neurons(node: Neuron, nodes: Nodes) -> None:
    layer = layer_of(node, nodes.program, nodes.dt)
    exact = {"v_threshold", "v_reset"}
    members = {
        key: single(node, key, value) if key in exact else value.astype(np.float32)
        for key, value in layer.parameters.items()
    }
    nodes.add(node, nodes.names.of[node.name], layer.kind, members, *node.inputs)


@_WRITE.register(Decoder)
def _decoder(node: Decoder, nodes: Nodes) -> None:
    raise UnknownKindError(f"{node.name}: NIR has no decoder over time", remedy="leave it out")


def _scaled(node: Synapse, weight: NDArray[Any], unit: int) -> Scaled:
    """Return weights in the units of training, which float32 holds exactly.

    Raises:
        DoesNotFitError: if they have more than 24 bits; names the layer.
    """
    if weight.size and max(-int(weight.min()), int(weight.max())) > _MANTISSA:
        raise _refused(node, "its weights have more than the 24 bits that float32 holds")
    return Scaled(weight, unit)


def single(node: Node, name: str, values: Floats) -> NDArray[np.float32]:
    """Return values that float32 holds exactly.

    Raises:
        DoesNotFitError: if it does not; names the layer.
    """
    narrow = values.astype(np.float32)
    if (narrow != values).any():
        raise _refused(node, f"its {name} has more than the 24 bits that float32 holds")
    return narrow


def _refused(node: Node, message: str) -> DoesNotFitError:
    return DoesNotFitError(f"{node.name}: {message}", remedy="use --target onnx, or retrain")
