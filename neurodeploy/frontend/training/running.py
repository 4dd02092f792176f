"""Decoders over time on whole sequences, as a network applies them while it trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def running(equations: str, values: NDArray[Any], skip: int = 0) -> NDArray[Any]:
    """Return what the decoder with these equations shows after each step of a sequence.

    Raises:
        KeyError: if there is no decoder of this name.
    """
    late = values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
    late[:skip] = 0
    return _RUNNING[equations](late)


_RUNNING: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "Total": lambda values: np.cumsum(values, axis=0),
    "LateTotal": lambda values: np.cumsum(values, axis=0),
    "FirstSpike": lambda values: np.cumsum(np.cumprod(1 - values, axis=0), axis=0),
    "Largest": lambda values: np.maximum.accumulate(values, axis=0),
    "Last": lambda values: values,
}
