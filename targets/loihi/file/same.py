"""The comparison of two .net files, group by group, in the format's own words.

Libraries of other versions write the same values in other bytes; the values that a loader reads
decide.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from targets.loihi.file.hdf5 import h5py_module


def file_difference(expected: bytes, content: bytes) -> str | None:
    """Return the first place where two files differ, or None if every value is the same."""
    h5py = h5py_module()
    try:
        with (
            h5py.File(io.BytesIO(expected), "r") as one,
            h5py.File(io.BytesIO(content), "r") as two,
        ):
            return _group(one, two, "")
    except (OSError, RuntimeError, LookupError, ValueError, TypeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        return f"is damaged: {reason}"


def _group(expected: Any, group: Any, path: str) -> str | None:
    links = h5py_module().HardLink
    for key in (*expected, *group):
        where = f"{path}/{key}"
        if key not in group:
            return f"{where} is missing"
        if key not in expected:
            return f"{where} is not part of this network"
        if not isinstance(group.get(key, getlink=True), links):
            return f"{where} is a link to another place"
    return _first(
        _attributes(expected, group, path or "/"),
        *(_item(expected[key], group[key], f"{path}/{key}") for key in expected),
    )


def _item(expected: Any, item: Any, path: str) -> str | None:
    if hasattr(expected, "keys") != hasattr(item, "keys"):
        return f"{path} is another kind of thing"
    if hasattr(expected, "keys"):
        return _group(expected, item, path)
    described = item.dtype, item.shape, item.external, item.is_virtual
    if described != (expected.dtype, expected.shape, expected.external, expected.is_virtual):
        return f"{path} is {described[0]} {described[1]}, not {expected.dtype} {expected.shape}"
    values = _values(expected[()], item[()], path)
    return values or _attributes(expected, item, path)


def _values(expected: Any, dataset: Any, path: str) -> str | None:
    one, two = np.asarray(expected), np.asarray(dataset)
    places = np.argwhere(one != two)
    if not len(places):
        return None
    index = tuple(int(i) for i in places[0])
    where = f"{path}{list(index)}" if index else path
    return f"{where} is {two[index]}, not {one[index]}"


def _attributes(expected: Any, item: Any, path: str) -> str | None:
    names = sorted({*expected.attrs, *item.attrs})
    for name in names:
        if name not in item.attrs or name not in expected.attrs:
            return f"{path}: attribute {name} is on one side only"
        one, two = np.asarray(expected.attrs[name]), np.asarray(item.attrs[name])
        if one.dtype != two.dtype or one.shape != two.shape or (one != two).any():
            return f"{path}: attribute {name} differs"
    return None


def _first(*differences: str | None) -> str | None:
    return next((each for each in differences if each is not None), None)
