"""Named nodes, edges with a delay, and their order: the structure of graphs and programs."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from neurodeploy.data.narrow import Multiples
from neurodeploy.data.typed import document_name
from neurodeploy.errors import UnknownKindError, ValidationError

Pair = tuple[int, int]
Shape = tuple[int, ...]
# Every step that a value is kept for takes memory.
LONGEST_DELAY = 1 << 20
_ARRAYS = np.ndarray | Multiples


@dataclass(frozen=True)
class Edge:
    """The node that a value comes from, and how many steps the value takes."""

    source: str
    delay: int = 0

    def __post_init__(self) -> None:
        require(self.delay >= 0, f"an edge from {self.source} goes {-self.delay} steps back")
        longest = f"an edge from {self.source} takes {self.delay} steps, more than {LONGEST_DELAY}"
        require(self.delay <= LONGEST_DELAY, longest)


@dataclass(frozen=True, eq=False)
class Node:
    """A named node. Nodes are equal if every field is, arrays by value.

    A kind of node is a class that defines what this one raises an `UnknownKindError` for.
    """

    name: str

    @classmethod
    def kind_name(cls) -> str:
        """Return the kind's name in documents and texts."""
        return document_name(cls)

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        source = getattr(self, "source", None)
        return (source,) if isinstance(source, Edge) else ()

    @property
    def parameter_count(self) -> int:
        """The number of weights."""
        return 0

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of the node's value, given those of the values it reads.

        Raises:
            ValidationError: if the inputs do not fit; names the node.
        """
        raise self.undefined("output_shape")

    def undefined(self, name: str) -> UnknownKindError:
        """Return the error of a kind that does not define a member."""
        kind = type(self).__name__
        return UnknownKindError(f"{self.name}: the kind {kind} does not define {name}")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Node)
        return next(different_fields(self, other), None) is None

    def __hash__(self) -> int:
        return hash((type(self), self.name))


def different_fields(first: Node, second: Node) -> Iterator[str]:
    """Yield the fields in which two nodes of one kind differ."""
    one, two = vars(first), vars(second)
    for each in fields(first):
        left, right = one[each.name], two[each.name]
        if left is not right and not _same(left, right):
            yield each.name


_N = TypeVar("_N", bound=Node)


def renamed(node: _N, names: Mapping[str, str], **changes: Any) -> _N:
    """Return the node under another name, its edges too, with some fields changed beside.

    Raises:
        KeyError: if a name is not in `names`.
    """

    def moved(edge: Edge) -> Edge:
        return replace(edge, source=names[edge.source])

    for each in fields(node):
        value = vars(node)[each.name]
        if isinstance(value, Edge):
            changes.setdefault(each.name, moved(value))
        elif isinstance(value, tuple) and any(isinstance(item, Edge) for item in value):
            changes.setdefault(each.name, tuple(moved(edge) for edge in value))
    return replace(node, name=names[node.name], **changes)


def require(holds: bool, message: str, *, remedy: str | None = None) -> None:
    """Check that a condition holds.

    Raises:
        ValidationError: with the message, if it does not.
    """
    if not holds:
        raise ValidationError(message, remedy=remedy)


def check_order(nodes: Sequence[Node], output: str, base: type[Node], network: str) -> None:
    """Check that names are unique, sources exist, and no step reads a value computed later.

    `base` is the class of the network's kinds, and `network` its word.

    Raises:
        ValidationError: if not; names the node.
    """
    for node in nodes:
        require(isinstance(node, Node), f"a {type(node).__name__} is not a node")
        words = f"{node.name}: {type(node).__name__} is not a node of {network}"
        require(isinstance(node, base), words)
    position = {node.name: index for index, node in enumerate(nodes)}
    if len(position) < len(nodes):
        names = [node.name for node in nodes]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValidationError(f"{twice}: two nodes have this name")
    require(output in position, f"the output {output} is not a node")
    for index, node in enumerate(nodes):
        for edge in node.sources:
            defined = edge.source in position
            require(defined, f"{node.name}: reads {edge.source}, which is not a node")
            require(
                edge.delay > 0 or position[edge.source] < index,
                f"{node.name}: reads {edge.source} in the step that computes it",
                remedy="a loop needs a delay of at least one step",
            )


def checked_shape(node: Node, shape: Shape) -> Shape:
    """Return the shape of an input, as plain integers.

    Raises:
        ValidationError: if it is not a shape.
    """
    try:
        lengths = tuple(operator.index(length) for length in shape)
    except TypeError:
        lengths = ()
    fits = len(lengths) > 0 and all(length > 0 for length in lengths)
    require(fits, f"{node.name}: {shape} is not the shape of an input")
    return lengths


def check_exponent(node: Node, exponent: Any) -> None:
    """Check that 2**exponent is a scale that floats can represent.

    Raises:
        ValidationError: if it is not.
    """
    fits = isinstance(exponent, int) and abs(exponent) <= 256
    require(fits, f"{node.name}.exponent: {exponent} is not an integer in -256..256")


def conv_size(size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Pair:
    """Return height and width after a convolution; zero or less where the kernel does not fit."""
    height, width = (
        (size[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1
        for i in (0, 1)
    )
    return height, width


def check_pairs(node: Node, **lowest: int) -> None:
    """Check that each named field is two integers of at least the given value.

    Raises:
        ValidationError: if one is not; names the field.
    """
    for label, low in lowest.items():
        pair = getattr(node, label)
        fits = len(pair) == 2 and all(isinstance(value, int) and value >= low for value in pair)
        require(fits, f"{node.name}.{label}: {pair} is not two integers of {low} or more")


def check_window_padding(node: Node, kernel: Pair, padding: Pair) -> None:
    """Check that every padded window still sees a value.

    Raises:
        ValidationError: if one does not.
    """
    fits = all(2 * padding[i] <= kernel[i] for i in (0, 1))
    require(fits, f"{node.name}.padding: {padding} is more than half of the window {kernel}")


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, _ARRAYS) or isinstance(second, _ARRAYS):
        first, second = np.asarray(first), np.asarray(second)
        return first.shape == second.shape and bool((first == second).all())
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(_same(first[k], second[k]) for k in first)
    return bool(first == second)
