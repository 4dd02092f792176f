"""The tensor types that the graph uses, and which of them carries an interval of integers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from neurodeploy.data.container.onnx import Element
from neurodeploy.errors import NeurodeployError, ValidationError
from snncore.dynamics.arithmetic.interval import Interval


class Type(IntEnum):
    """Tensor types, by the numbers that the format gives them."""

    FLOAT = Element.FLOAT
    UINT8 = Element.UINT8
    INT8 = Element.INT8
    INT32 = Element.INT32
    INT64 = Element.INT64
    BOOL = Element.BOOL

    @property
    def numpy(self) -> np.dtype[Any]:
        """The same type in NumPy, in the byte order of a file."""
        return Element(self).numpy


SMALL = Interval(0, 127)
BYTE = Interval(-128, 127)
WORD = Interval(1 - (1 << 31), (1 << 31) - 1)
LONG = Interval(1 - (1 << 62), (1 << 62) - 1)
ANY_FLOAT = Interval(0, 0)


@dataclass(frozen=True)
class Value:
    """A tensor of the graph: its name, its type, and for integers their range."""

    name: str
    type: Type
    interval: Interval = ANY_FLOAT


def arithmetic_type(interval: Interval) -> Type:
    """Return the type in which integers of an interval are computed.

    Raises:
        ValidationError: if they have more than 62 bits.
    """
    if interval.within(WORD):
        return Type.INT32
    if interval.within(LONG):
        return Type.INT64
    raise ValidationError(f"a value may reach {interval.largest()}, beyond 62 bits")


def stored_type(interval: Interval) -> Type:
    """Return the type in which layers pass integers on: bytes if products of bytes are exact.

    Unsigned bytes go to 127 only: some processors saturate sums of two larger ones' products.
    """
    if interval.within(SMALL):
        return Type.UINT8
    return Type.INT8 if interval.within(BYTE) else arithmetic_type(interval)


def onnx_module() -> Any:
    """Import the library that reads and writes the format.

    Raises:
        NeurodeployError: if it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise NeurodeployError(
            "the target onnx needs onnx", remedy="python -m pip install onnx"
        ) from error
    return onnx
