"""Arrays of whole numbers, checked and read-only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.narrow import frozen
from neurodeploy.data.structure import require

Integers = NDArray[np.int64]
# In the narrowest type that holds them: to be made wider before anything is computed.
NarrowIntegers = NDArray[np.signedinteger[Any]]


def integers(values: Any, name: str, dimensions: int | None) -> Integers:
    """Return the values as a read-only int64 array.

    Raises:
        ValidationError: if a value is not a whole number, or the number of axes differs.
    """
    return frozen(whole_numbers(values, name, dimensions), np.int64)


def whole_numbers(values: Any, name: str, dimensions: int | None) -> NDArray[Any]:
    """Return the values as an array of the type they came in.

    Raises:
        ValidationError: if a value is not a whole number, or the number of axes differs.
    """
    array = np.asarray(values)
    if array.dtype.kind == "f":
        require(bool(np.isfinite(array).all()), f"{name}: a value is NaN or infinite")
        require(bool((array == np.rint(array)).all()), f"{name}: a value is not an integer")
    else:
        require(array.dtype.kind in "iub", f"{name}: {array.dtype} is not an integer type")
    if dimensions is not None:
        require(array.ndim == dimensions, f"{name}: {array.ndim} axes instead of {dimensions}")
    small = array.size == 0 or (array.min() > -(1 << 62) and array.max() < 1 << 62)
    require(bool(small), f"{name}: a value needs more than 62 bits")
    return array


def common_value(values: Integers) -> Integers:
    """Return a single number where all are the same, so that equal layers are written alike."""
    require(values.size > 0, "a parameter without values")
    first = values.reshape(-1)[0]
    return integers(first, "parameter", None) if (values == first).all() else values
