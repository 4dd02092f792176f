"""ONNX's container without ONNX's package: tensors as messages, inserted into a model's graph.

A model's large numbers never pass through the package: each is a field that is written from its
array in pieces. A file is the same as if the package had written the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.container.wire import field, inserted, whole_number
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
_TENSORS, _GRAPH = 5, 7


def tensor(name: str, kind: Element, values: NDArray[Any]) -> Content:
    """Return a named tensor as a message, whose numbers are written when they are asked for."""
    head = [whole_number(_DIMS, length) for length in values.shape]
    head += [whole_number(_DATA_TYPE, int(kind)), field(_NAME, of_bytes(name.encode()))]
    return joined([*head, field(_RAW_DATA, of_array(values, kind.numpy))])


def with_tensors(model: bytes, tensors: Iterable[Content]) -> Content:
    """Return the file of a model whose graph has these tensors besides."""
    fields = joined([field(_TENSORS, each) for each in tensors])
    return inserted(model, [_GRAPH], _TENSORS, fields)
