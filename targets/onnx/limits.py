"""The limits of a file's reader: a file may cost no more than its own size pays for.

1. Messages: every node, tensor, function and attribute takes some bytes; a file of empty ones would
   take a hundred times its size in memory.
2. Tensors: as many numbers as there are bytes for, in few axes, in this file and no other.
3. Nodes: a graph is written anew to be compared with the file's; before that its nodes are counted,
   which are as many as the steps ask for.
4. Numbers that the graph is written with are no more than the file's bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.container.wire import fields_of
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.errors import ArtifactError
from neurodeploy.graph import Graph, SumPool2d
from neurodeploy.program import Dense, Program
from neurodeploy.program import SumPool2d as Windows
from targets.onnx.writing.types import Type

# More than any layer's weights or parameters have.
MOST_AXES = 16
# A node has a name, inputs and outputs; a file without them is not worth its memory.
_BYTES_A_MESSAGE = 16
_FREE_MESSAGES = 64
# So few bytes are not counted.
_SMALL = 32


class _Message(Enum):
    """The messages that hold others."""

    MODEL = 0
    GRAPH = 1
    NODE = 2
    ATTRIBUTE = 3
    FUNCTION = 4
    LEAF = 5


# By message: its fields that hold messages whose number is unbounded.
_NESTED: Mapping[_Message, Mapping[int, _Message]] = {
    _Message.MODEL: {
        **dict.fromkeys((8, 14, 20), _Message.LEAF),
        7: _Message.GRAPH,
        25: _Message.FUNCTION,
    },
    _Message.GRAPH: {
        **dict.fromkeys((5, 11, 12, 13, 14, 15, 16), _Message.LEAF),
        1: _Message.NODE,
    },
    _Message.NODE: {5: _Message.ATTRIBUTE, 9: _Message.LEAF},
    _Message.ATTRIBUTE: {
        **dict.fromkeys((5, 10, 14, 15, 22, 23), _Message.LEAF),
        **dict.fromkeys((6, 11), _Message.GRAPH),
    },
    _Message.FUNCTION: {
        **dict.fromkeys((9, 10, 12, 14), _Message.LEAF),
        7: _Message.NODE,
        11: _Message.ATTRIBUTE,
    },
}
_DEEPEST = 32
_DAMAGED = "is not an ONNX file, or is cut off or damaged"


def messages_in(content: bytes) -> int:
    """Return the number of messages in an unparsed file, if it has bytes for them.

    Raises:
        ArtifactError: if it has more than its bytes pay for, or is not such a file.
    """
    allowed = _FREE_MESSAGES + len(content) // _BYTES_A_MESSAGE
    pending = [(_Message.MODEL, 0, len(content), 0)]
    count = 0
    try:
        while pending:
            kind, begin, end, depth = pending.pop()
            if depth > _DEEPEST:
                raise ArtifactError(f"has graphs within graphs, deeper than {_DEEPEST} messages")
            inner = _NESTED[kind]
            for number, start, stop in fields_of(content, begin, end):
                count += number in inner
                if count > allowed:
                    raise ArtifactError(f"holds more nodes and tensors than {len(content)} bytes")
                inside = inner.get(number, _Message.LEAF) != _Message.LEAF
                if inside and stop - start > _SMALL:
                    pending.append((inner[number], start, stop, depth + 1))
    except ValueError as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(_DAMAGED) from error
    return count


def numbers_of(tensor: Any) -> NDArray[Any]:
    """Return the numbers of a tensor that the file itself contains.

    Raises:
        ArtifactError: if it is damaged, or they are in another file, which is never opened.
    """
    name, dims = f"its tensor {tensor.name!s:.80}", list(tensor.dims)
    if tensor.data_location or tensor.external_data:
        raise ArtifactError(
            f"{name} is damaged: it is in another file, which is never opened",
            remedy="export the model again, with its numbers in the file",
        )
    if len(dims) > MOST_AXES:
        raise ArtifactError(f"{name} is damaged: it has {len(dims)} axes, more than {MOST_AXES}")
    if tensor.data_type not in list(Type):
        raise ArtifactError(f"{name} is damaged: {tensor.data_type} is not a type for its numbers")
    kind, content = Type(tensor.data_type).numpy, tensor.raw_data
    # Ignoring axes of length zero, an empty array must be a possible one.
    claimed = prod(max(length, 1) for length in dims)
    if min(dims, default=0) < 0 or claimed > max(len(content), 1 << 20):
        raise ArtifactError(f"{name} is damaged: {dims} is not a shape of {len(content)} bytes")
    if len(content) != prod(dims) * kind.itemsize:
        raise ArtifactError(f"{name} is damaged: {len(content)} bytes are not {dims} numbers")
    return np.frombuffer(content, kind).reshape(dims)


def require_numbers(network: Program | Graph, size: int) -> None:
    """Check that the graph's tensors, as far as they are more than weights, fit a file's size.

    Raises:
        ArtifactError: otherwise; names the layer.
    """
    for node in network.nodes:
        needed = _WRITTEN(node, network) if _WRITTEN.knows(node) else 0
        if needed > size:
            raise ArtifactError(
                f"{node.name}: is written with {needed:,} numbers, more than the file's {size:,} "
                "bytes can hold"
            )


# The numbers of a node that is written with more of them than it has.
_WRITTEN = KindTable[[Program | Graph], int]("the size of an ONNX file")


@_WRITTEN.register(Dense)
def _dense(node: Dense, network: Program | Graph) -> int:
    """Return the number of weights, which are written once for each delay."""
    return len(node.sources) * node.narrow_weight.size


@_WRITTEN.register(SumPool2d)
def _sum_pool(node: SumPool2d, network: Program | Graph) -> int:
    """Return the number of weights of one kernel for each channel."""
    return network.shapes[node.name][0] * prod(node.kernel)


@_WRITTEN.register(Windows)
def _windows(node: Windows, network: Program | Graph) -> int:
    """Return the bytes of the slices and sums of rows and columns, a node each at least."""
    return 2 * _BYTES_A_MESSAGE * (sum(node.kernel) - 2)
