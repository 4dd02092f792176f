"""The comparison of two .net files, group by group, in the format's own words.

Libraries of other versions write the same values in other bytes; the values that a loader reads
decide.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from targets.loihi.file.hdf5 import h5py_module


def file_difference(expected: bytes, found: bytes) -> str | None:
    """Return the first place where two files differ, or None if every value is the same."""
    h5py = h5py_module()
    try:
        with (
            h5py.File(io.BytesIO(expected), "r") as one,
            h5py.File(io.BytesIO(found), "r") as two,
        ):
            return _group(one, two, "")
    except (OSError, RuntimeError, LookupError, ValueError, TypeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        return f"is damaged: {reason}"


def _group(expected: Any, found: Any, place: str) -> str | None:
    links = h5py_module().HardLink
    for key in (*expected, *found):
        where = f"{place}/{key}"
        if key not in found:
            return f"{where} is missing"
        if key not in expected:
            return f"{where} is not part of this network"
        if not isinstance(found.get(key, getlink=True), links):
            return f"{where} is a link to another place"
    return _first(
        _attributes(expected, found, place or "/"),
        *(_item(expected[key], found[key], f"{place}/{key}") for key in expected),
    )


def _item(expected: Any, found: Any, place: str) -> str | None:
    if hasattr(expected, "keys") != hasattr(found, "keys"):
        return f"{place} is another kind of thing"
    if hasattr(expected, "keys"):
        return _group(expected, found, place)
    told = found.dtype, found.shape, found.external, found.is_virtual
    if told != (expected.dtype, expected.shape, expected.external, expected.is_virtual):
        return f"{place} is {told[0]} {told[1]}, not {expected.dtype} {expected.shape}"
    values = _values(expected[()], found[()], place)
    return values or _attributes(expected, found, place)


def _values(expected: Any, found: Any, place: str) -> str | None:
    one, two = np.asarray(expected), np.asarray(found)
    places = np.argwhere(one != two)
    if not len(places):
        return None
    index = tuple(int(i) for i in places[0])
    where = f"{place}{list(index)}" if index else place
    return f"{where} is {two[index]}, not {one[index]}"


def _attributes(expected: Any, found: Any, place: str) -> str | None:
    names = sorted({*expected.attrs, *found.attrs})
    for name in names:
        if name not in found.attrs or name not in expected.attrs:
            return f"{place}: attribute {name} is on one side only"
        one, two = np.asarray(expected.attrs[name]), np.asarray(found.attrs[name])
        if one.dtype != two.dtype or one.shape != two.shape or (one != two).any():
            return f"{place}: attribute {name} differs"
    return None


def _first(*differences: str | None) -> str | None:
    return next((each for each in differences if each is not None), None)
