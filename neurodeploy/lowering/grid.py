"""Floats on a chip's grid as integers, without a loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.data.narrow import Multiples, integer_type, narrowed, pieces
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import NarrowIntegers


def on_grid(values: Any, exponent: int, name: str) -> NarrowIntegers:
    """Return the integers whose multiples of 2**exponent the values are.

    Raises:
        DoesNotFitError: if a value is not such a multiple; names where.
    """
    if isinstance(values, Multiples) and values.exponent == exponent:
        return narrowed(values.integers)
    array = np.asarray(values)
    # The values are multiplied by a power of two, which keeps their order.
    low, high = (_to_grid(array.min(), exponent), _to_grid(array.max(), exponent))
    if max(-low, high) >= 2.0**62:
        remedy = "scale it down"
        raise DoesNotFitError(f"{name}: a value needs more than 62 bits", remedy=remedy)
    result = np.empty(array.size, integer_type(int(low), int(high)))
    start = 0
    # In pieces, so that large layers are not copied several times over.
    for piece in pieces(array):
        integers, scaled = _to_grid(piece, exponent), piece.astype(np.float64) * 2.0**-exponent
        if not (integers == scaled).all():
            worst = piece[int(np.abs(integers - scaled).argmax())]
            raise DoesNotFitError(
                f"{name}: {worst:g} is not a multiple of 2^{exponent}", remedy="quantize it first"
            )
        result[start : start + len(piece)] = integers
        start += len(piece)
    result.setflags(write=False)
    return result.reshape(array.shape)


def _to_grid(values: Any, exponent: int) -> Any:
    return np.rint(np.asarray(values, dtype=np.float64) * 2.0**-exponent)
