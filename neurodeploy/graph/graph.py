"""A graph: nodes in the order of computation, shapes explicit, checked when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from neurodeploy.data import codec
from neurodeploy.data.structure import Node, Pair, Shape, check_order, conv_size, require
from neurodeploy.errors import ValidationError
from neurodeploy.graph.nodes import (
    Add,
    BatchNorm,
    Conv2d,
    Delay,
    Flatten,
    Input,
    Linear,
    MaxPool2d,
    Neuron,
    SumPool2d,
)

SCHEMA = 1


@dataclass(frozen=True)
class Graph:
    """A network traced: what computes what, in floats."""

    nodes: tuple[Node, ...]
    output: str

    def __post_init__(self) -> None:
        check_order(self.nodes, self.output)
        # Computing the shapes is checking them.
        _ = self.shapes

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Every node by its name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The shape of every node's value, without time and batch."""
        shapes: dict[str, Shape] = {}
        for node in self.nodes:
            known = [shapes[e.source] for e in node.sources if e.source in shapes]
            shapes[node.name] = output_shape(node, known)
        for node in self.nodes:
            # Once more, now that what a loop reads is known too.
            output_shape(node, [shapes[edge.source] for edge in node.sources])
        return shapes

    @property
    def input(self) -> Input:
        """The first input."""
        return next(node for node in self.nodes if isinstance(node, Input))

    @property
    def layers(self) -> tuple[Neuron, ...]:
        """The layers of neurons, in order."""
        return tuple(node for node in self.nodes if isinstance(node, Neuron))

    @cached_property
    def digests(self) -> dict[str, str]:
        """A hash of every node by its name, to tell which one changed."""
        return {node.name: codec.digest({"node": node}) for node in self.nodes}

    @cached_property
    def sha256(self) -> str:
        """A name for this meaning: equal graphs have equal ones."""
        return codec.digest(document(self))

    def parameter_count(self) -> int:
        """How many weights there are."""
        return sum(
            node.narrow_weight.size for node in self.nodes if isinstance(node, Linear | Conv2d)
        )

    def text(self) -> str:
        """The graph as a person reads it, a line a node."""
        lines = []
        for node in self.nodes:
            shape = "x".join(map(str, self.shapes[node.name]))
            sources = ", ".join(edge.source for edge in node.sources)
            details = "".join(f" {key}={value}" for key, value in _details(node))
            lines.append(f"{node.name} [{shape}] = {type(node).__name__}({sources}){details}")
        return "\n".join([*lines, f"output {self.output}"]) + "\n"


def output_shape(node: Node, inputs: Sequence[Shape]) -> Shape:
    """The shape of the node's value.

    Raises:
        ValidationError: if its inputs do not fit; names the node.
    """
    if isinstance(node, Input):
        return node.shape
    if isinstance(node, Linear) and not inputs and node.source.delay:
        # A loop reads what stands behind it; its own size it knows.
        return (node.narrow_weight.shape[0],)
    require(len(inputs) > 0, f"{node.name}: no input of a known shape")
    shape = inputs[0]
    if isinstance(node, Linear):
        return _linear(node, shape)
    if isinstance(node, Conv2d):
        channels = node.narrow_weight.shape[1] * node.groups
        image = len(shape) == 3 and shape[0] == channels
        require(image, f"{node.name}: takes ({channels}, H, W) and is given {shape}")
        kernel = (node.narrow_weight.shape[2], node.narrow_weight.shape[3])
        size = _windows(node, shape, kernel, node.stride, node.padding, node.dilation)
        return (node.narrow_weight.shape[0], *size)
    if isinstance(node, SumPool2d | MaxPool2d):
        require(len(shape) == 3, f"{node.name}: takes (C, H, W) and is given {shape}")
        padding = node.padding if isinstance(node, MaxPool2d) else (0, 0)
        return (shape[0], *_windows(node, shape, node.kernel, node.stride, padding, (1, 1)))
    if isinstance(node, Flatten):
        return (prod(shape),)
    _check_channels(node, inputs)
    return shape


def _check_channels(node: Node, inputs: Sequence[Shape]) -> None:
    """Nothing if a node that keeps its input's shape fits it."""
    shape = inputs[0]
    if isinstance(node, BatchNorm):
        channels = node.scale.size
        require(shape[0] == channels, f"{node.name}: takes {channels} channels, is given {shape}")
    elif isinstance(node, Add):
        same = len(set(inputs)) == 1
        require(same, f"{node.name}: adds values of unlike shapes {sorted(set(inputs))}")
    elif isinstance(node, Delay):
        fits = node.steps.size == 1 or node.steps.shape == shape[:1]
        require(fits, f"{node.name}.steps: {node.steps.size} delays for {shape[0]} channels")
    elif isinstance(node, Neuron):
        _check_neurons(node, inputs)
    else:
        raise ValidationError(f"{node.name}: {type(node).__name__} is no node of a graph")


def _check_neurons(node: Neuron, inputs: Sequence[Shape]) -> None:
    """Check that values of one shape drive a layer of neurons, and that its parameters fit it."""
    names, count = node.equations.inputs, len(node.sources)
    words = f"{node.equations.name} has {len(names)} inputs, and {count} edges lead to it"
    require(count == len(names), f"{node.name}: {words}", remedy="give each input an edge")
    same = len(set(inputs)) == 1
    require(same, f"{node.name}: is driven by values of unlike shapes {sorted(set(inputs))}")
    for key, values in node.parameters.items():
        try:
            fits = np.broadcast_shapes(values.shape, inputs[0]) == inputs[0]
        except ValueError:
            fits = False
        require(fits, f"{node.name}.{key}: {values.shape} does not fit the layer's {inputs[0]}")


def _linear(node: Linear, shape: Shape) -> Shape:
    outputs, width = node.narrow_weight.shape
    remedy = "put a Flatten before it" if len(shape) > 1 and prod(shape) == width else None
    require(
        shape == (width,), f"{node.name}: takes {width} inputs and is given {shape}", remedy=remedy
    )
    return (outputs,)


def _windows(
    node: Node, shape: Shape, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> Pair:
    size = conv_size((shape[1], shape[2]), kernel, stride, padding, dilation)
    require(min(size) > 0, f"{node.name}: the window {kernel} is larger than its input {shape}")
    return size


def _details(node: Node) -> list[tuple[str, object]]:
    details: list[tuple[str, object]] = []
    if isinstance(node, Neuron):
        details.append(("equations", node.equations.name))
        details += [(key, f"{v.min():g}..{v.max():g}") for key, v in node.parameters.items()]
    for key in ("kernel", "stride", "padding", "dilation", "groups", "exponent"):
        if hasattr(node, key):
            details.append((key, getattr(node, key)))
    if isinstance(node, Linear | Conv2d):
        details.append(("weight", node.narrow_weight.shape))
    elif isinstance(node, SumPool2d):
        details.append(("weight", f"{node.weight:g}"))
    return details


def document(graph: Graph) -> dict[str, Any]:
    """The graph as a document of frozen data."""
    return {"schema": SCHEMA, "output": graph.output, "nodes": graph.nodes}
