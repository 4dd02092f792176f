"""Arrays that are stored in the narrowest type for their values and returned in a wide one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

INTEGERS = (np.int8, np.int16, np.int32, np.int64)
_LIMITS = tuple((kind, int(np.iinfo(kind).min), int(np.iinfo(kind).max)) for kind in INTEGERS)
# The number of values per piece; their bytes are a multiple of three, as base64 requires.
PIECE = 3 << 16


def integer_type(low: int, high: int) -> type[np.signedinteger[Any]]:
    """Return the narrowest type that holds the integers from `low` to `high`."""
    return next(kind for kind, least, most in _LIMITS if least <= low and high <= most)


def narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers in the narrowest type, read-only; copy only what others can change."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    return frozen(values, integer_type(low, high))


def narrowed_floats(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers in single precision if that is exact, else in double; read-only.

    Negative zeros become positive, because the two are equal but are written differently.
    """
    kind = np.float32 if values.dtype == np.float32 or _is_single(values) else np.float64
    result = frozen(values, kind)
    if any((np.signbit(piece) & (piece == 0)).any() for piece in pieces(result)):
        result = result + kind(0)
        result.setflags(write=False)
    return result


def _is_single(values: NDArray[Any]) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        wide = (piece.astype(np.float64) for piece in pieces(values))
        return all((piece.astype(np.float32) == piece).all() for piece in wide)


def frozen(values: NDArray[Any], kind: Any) -> NDArray[Any]:
    """Return the values in a type, in C order and read-only; copy only what others can change."""
    owner: Any = values
    while isinstance(owner, np.ndarray) and not owner.flags.writeable:
        owner = owner.base
    if owner is None and values.dtype == np.dtype(kind) and values.flags.c_contiguous:
        return values
    result = np.array(values, dtype=kind, order="C")
    result.setflags(write=False)
    return result


def pieces(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield the values in C order, some at a time."""
    flat = values.reshape(-1)
    for start in range(0, flat.size, PIECE):
        yield flat[start : start + PIECE]


def row_pieces(values: NDArray[Any]) -> Iterator[slice]:
    """Yield slices of the first axis with about equally many values; at least one slice."""
    rows = len(values)
    count = max(1, PIECE * rows // max(values.size, 1))
    for start in range(0, max(rows, 1), count):
        yield slice(start, min(start + count, rows))


@dataclass(frozen=True, eq=False)
class Multiples:
    """Narrow integers times a power of two, which appear as an array of floats."""

    integers: NDArray[np.signedinteger[Any]]
    exponent: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return self.integers.shape

    @property
    def size(self) -> int:
        """The number of values."""
        return self.integers.size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        wide = self.integers * np.float64(2.0**self.exponent)
        return wide if dtype is None else wide.astype(dtype, copy=False)


class Widened:
    """A field that stores its array narrow and returns a wide copy that no sum overflows.

    The stored array is in the instance's `vars`, under the field's name.
    """

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            # This tells a dataclass that the field has no default.
            raise AttributeError(self.name)
        value = vars(instance)[self.name]
        if isinstance(value, Multiples):
            value = np.asarray(value)
        return frozen(value, self.kind) if isinstance(value, np.ndarray) else value

    def __set__(self, instance: object, value: Any) -> None:
        vars(instance)[self.name] = value


def widened(kind: Any) -> Any:
    """Return a dataclass field that stores its array narrow and returns it in this type."""
    return Widened(kind)
