"""Events as arrays: when, where, and which polarity (address-event representation)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

EVENT = np.dtype([("t", np.int64), ("x", np.int32), ("y", np.int32), ("p", np.int8)])
Events = NDArray[np.void]
# Width, height and polarities of a sensor.
Size = tuple[int, int, int]


def events(t: ArrayLike, x: ArrayLike, y: ArrayLike | None = None, p: ArrayLike = 0) -> Events:
    """Make events from their columns, in the order of time; a line of sensors has no y.

    Raises:
        ValueError: if the columns are of different lengths.
    """
    columns = {"t": t, "x": x, "y": 0 if y is None else y, "p": p}
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    length = len(np.atleast_1d(arrays["t"]))
    for name, values in arrays.items():
        if values.ndim > 1 or (values.ndim == 1 and len(values) != length):
            raise ValueError(f"events.{name}: {values.shape} for {length} events")
    table = np.zeros(length, EVENT)
    for name, values in arrays.items():
        table[name] = values
    return table[np.argsort(table["t"], kind="stable")]


def as_events(array: Any) -> Events:
    """Convert another library's structured array with fields t and x, and maybe y and p."""
    if getattr(array, "dtype", None) == EVENT:
        own: Events = array
        return own
    names = getattr(array.dtype, "names", None) or ()
    if not {"t", "x"} <= set(names):
        raise ValueError(f"events: an array with fields t and x is needed, and this has {names}")
    y = array["y"] if "y" in names else None
    return events(array["t"], array["x"], y, array["p"] if "p" in names else 0)


def check_inside(recording: Events, size: Size) -> None:
    """Check that all events are on the sensor.

    Raises:
        ValueError: if one is not; names it.
    """
    for name, length in zip(("x", "y", "p"), size, strict=True):
        outside = np.flatnonzero((recording[name] < 0) | (recording[name] >= length))
        if len(outside):
            value = recording[name][outside[0]]
            raise ValueError(f"events.{name}: {value} of event {outside[0]} is not below {length}")


def save_events(recording: Events, path: str | os.PathLike[str]) -> None:
    """Write events as columns of a compressed .npz file."""
    np.savez_compressed(
        path, t=recording["t"], x=recording["x"], y=recording["y"], p=recording["p"]
    )


def load_events(path: str | os.PathLike[str]) -> Events:
    """Read what `save_events` wrote, or any .npz with the columns t, x, and maybe y and p.

    Raises:
        ValueError: if the columns are not there or do not fit.
    """
    with np.load(path, allow_pickle=False) as file:
        if not {"t", "x"} <= set(file.files):
            raise ValueError(f"{path}: holds {file.files}, not the columns t and x")
        y = file["y"] if "y" in file.files else None
        return events(file["t"], file["x"], y, file["p"] if "p" in file.files else 0)
