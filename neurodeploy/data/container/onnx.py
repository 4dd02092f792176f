"""ONNX's container without ONNX's package: tensors and nodes, inserted into a model's graph.

A model's large numbers never pass through the package: each is a field that is written from its
array in pieces; and nor do the nodes of unrolled steps, which are thousands. A file is the same as
if the package had written the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.container.wire import (
    field,
    inserted,
    sized,
    sized_text,
    tag,
    whole_number,
)
from neurodeploy.data.content import Content, joined, of_array, of_bytes


class Element(IntEnum):
    """The types of a tensor's numbers, as the format counts them."""

    FLOAT = 1
    UINT8 = 2
    INT8 = 3
    INT32 = 6
    INT64 = 7
    BOOL = 9
    FLOAT16 = 10

    @property
    def numpy(self) -> np.dtype[Any]:
        """The same type in NumPy, in the byte order of a file."""
        kind: np.dtype[Any] = np.dtype(_NUMPY[self])
        return kind.newbyteorder("<")


_NUMPY: dict[Element, Any] = {
    Element.FLOAT: np.float32,
    Element.UINT8: np.uint8,
    Element.INT8: np.int8,
    Element.INT32: np.int32,
    Element.INT64: np.int64,
    Element.BOOL: np.bool_,
    Element.FLOAT16: np.float16,
}
# The fields of a tensor, and the one of a graph and of a model that leads to it.
_DIMS, _DATA_TYPE, _NAME, _RAW_DATA = 1, 2, 8, 9
_NODES, _TENSORS, _GRAPH = 1, 5, 7
_NODE = tag(_NODES)
_INPUT, _OUTPUT, _NODE_NAME, _OPERATION, _ATTRIBUTE = map(tag, (1, 2, 3, 4, 5))


def tensor(name: str, kind: Element, values: NDArray[Any]) -> Content:
    """Return a named tensor as a message, whose numbers are written when they are asked for."""
    head = [whole_number(_DIMS, length) for length in values.shape]
    head += [whole_number(_DATA_TYPE, int(kind)), field(_NAME, of_bytes(name.encode()))]
    return joined([*head, field(_RAW_DATA, of_array(values, kind.numpy))])


def node(
    operation: str, inputs: Iterable[str], outputs: Sequence[str], attributes: Iterable[bytes]
) -> bytes:
    """Return a node as a field of a graph, under the name of its first output.

    Attributes are messages.
    """
    fields = [_INPUT + sized_text(each) for each in inputs]
    fields += [_OUTPUT + sized_text(each) for each in outputs]
    fields += [_NODE_NAME, sized_text(outputs[0]), _OPERATION, sized_text(operation)]
    fields += [_ATTRIBUTE + sized(each) for each in attributes]
    return _NODE + sized(b"".join(fields))


def with_tensors(model: bytes, tensors: Iterable[Content], nodes: Iterable[bytes] = ()) -> Content:
    """Return the file of a model whose graph has these tensors and these nodes besides."""
    fields = joined([field(_TENSORS, each) for each in tensors])
    before = of_bytes(b"".join(nodes))
    return inserted(model, [_GRAPH], {_NODES: before, _TENSORS: fields})
