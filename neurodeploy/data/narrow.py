"""Arrays held in the narrowest type that their values need, and handed out in a wide one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

INTEGERS = (np.int8, np.int16, np.int32, np.int64)
# So many values are worked on at a time; their bytes are a multiple of three, as base64 counts.
PIECE = 3 << 16


def integer_type(low: int, high: int) -> type[np.signedinteger[Any]]:
    """The narrowest type that holds the integers from one to another."""
    return next(t for t in INTEGERS if np.iinfo(t).min <= low and high <= np.iinfo(t).max)


def narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the narrowest type, read-only; not copied where nobody can change them."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    return frozen(values, integer_type(low, high))


def narrowed_floats(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers in single precision where that is exact, else in double; read-only.

    No zero of them is negative, which would be equal to zero and written unlike it.
    """
    kind = np.float32 if values.dtype == np.float32 or _is_single(values) else np.float64
    held = frozen(values, kind)
    if any((np.signbit(piece) & (piece == 0)).any() for piece in pieces(held)):
        held = held + kind(0)
        held.setflags(write=False)
    return held


def _is_single(values: NDArray[Any]) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        wide = (piece.astype(np.float64) for piece in pieces(values))
        return all((piece.astype(np.float32) == piece).all() for piece in wide)


def frozen(values: NDArray[Any], kind: Any) -> NDArray[Any]:
    """The values in a type, in C order and read-only; not copied where nobody can change them."""
    held: Any = values
    while isinstance(held, np.ndarray) and not held.flags.writeable:
        held = held.base
    if held is None and values.dtype == np.dtype(kind) and values.flags.c_contiguous:
        return values
    result = np.array(values, dtype=kind, order="C")
    result.setflags(write=False)
    return result


def pieces(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The values in C order, some at a time."""
    flat = values.reshape(-1)
    for start in range(0, flat.size, PIECE):
        yield flat[start : start + PIECE]


def row_pieces(values: NDArray[Any]) -> Iterator[slice]:
    """Slices of the first axis that hold about as many values at a time; at least one."""
    rows = len(values)
    count = max(1, PIECE * rows // max(values.size, 1))
    for start in range(0, max(rows, 1), count):
        yield slice(start, min(start + count, rows))


@dataclass(frozen=True, eq=False)
class Multiples:
    """Narrow integers times a power of two, which are an array of floats where one is asked for."""

    integers: NDArray[np.signedinteger[Any]]
    exponent: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return self.integers.shape

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return self.integers.size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        wide = self.integers * np.float64(2.0**self.exponent)
        return wide if dtype is None else wide.astype(dtype, copy=False)


class Widened:
    """A field whose array is held narrow: asked for, it is a wide copy that no sum overflows.

    What is held is in the instance's `vars`, under the field's name.
    """

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            # So a dataclass knows that the field has no default.
            raise AttributeError(self.name)
        held = vars(instance)[self.name]
        if isinstance(held, Multiples):
            held = np.asarray(held)
        return frozen(held, self.kind) if isinstance(held, np.ndarray) else held

    def __set__(self, instance: object, value: Any) -> None:
        vars(instance)[self.name] = value


def widened(kind: Any) -> Any:
    """A field of a dataclass whose array is held narrow, and handed out in this type."""
    return Widened(kind)
