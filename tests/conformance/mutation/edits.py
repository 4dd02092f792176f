"""The smallest changes of a file: every JSON value, HDF5 value, protobuf field, and any byte."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import onnx
from google.protobuf.message import Message

Content = bytes | bytearray


@dataclass(frozen=True)
class Edit:
    """One change: a label that says where it is, and a function that builds the changed file."""

    label: str
    make: Callable[[], bytes]


def of_json(content: bytes, skipped: frozenset[str] = frozenset()) -> Iterator[Edit]:
    """Yield a change of every value of a JSON document, except under the skipped keys."""
    document = json.loads(content)
    for path, replaced in _json_edits(document, ()):
        label = ".".join(map(str, path))
        if label.split(".")[0] in skipped:
            continue

        def make(path: tuple[Any, ...] = path, replaced: Any = replaced) -> bytes:
            changed = deepcopy(document)
            inner = changed
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = replaced
            return json.dumps(changed, sort_keys=True, indent=2).encode()

        yield Edit(f"{label} -> {json.dumps(replaced):.40}", make)


def _json_edits(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from _json_edits(inner, (*path, key))
        if path and value and isinstance(value, list):
            yield path, value[:-1]
        if path and isinstance(value, dict):
            for key in value:
                yield path, {k: v for k, v in value.items() if k != key}
            yield path, value | {"more": 1}
        return
    for changed in _steps(value):
        yield path, changed


def _steps(value: Any) -> Iterator[Any]:
    """Return the nearest other values."""
    if value is None:
        yield 0
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, float(value) if value else False)
    elif isinstance(value, float):
        yield math.nextafter(value, math.inf)
    else:
        text = str(value)
        yield text[:-1] + chr(ord(text[-1]) ^ 1) if text else "a"


def of_hdf5(content: bytes) -> Iterator[Edit]:
    """Yield changes of every value and type of every data set, and additions."""
    places: list[tuple[str, tuple[int, ...]]] = []
    groups = ["/"]
    with h5py.File(io.BytesIO(content), "r") as file:

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                places.extend((name, index) for index in np.ndindex(item.shape))
            else:
                groups.append(name)

        file.visititems(visit)
    for name, index in places:
        yield Edit(f"{name}{list(index)}", _h5(content, _add_one, name, index))
    for name in dict.fromkeys(name for name, _ in places):
        yield Edit(f"{name} in another type", _h5(content, _retype, name))
        yield Edit(f"{name} away", _h5(content, _delete, name))
    for name in groups:
        yield Edit(f"{name} with an attribute", _h5(content, _attribute, name))
        yield Edit(f"{name} with a data set more", _h5(content, _more, name))


def _h5(content: bytes, change: Callable[..., None], *args: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        image = io.BytesIO(content)
        with h5py.File(image, "r+") as file:
            change(file, *args)
        return image.getvalue()

    return make


def _add_one(file: Any, name: str, index: tuple[int, ...]) -> None:
    item = file[name]
    if item.dtype.kind == "S":
        text = item[()]
        item[()] = text[:-1] + bytes([text[-1] ^ 1])
    else:
        item[index] = item[index] + 1


def _retype(file: Any, name: str) -> None:
    value = file[name][()]
    del file[name]
    kind = "int16" if value.dtype.kind in "iu" else "S32"
    file.create_dataset(name, data=value.astype(kind))


def _delete(file: Any, name: str) -> None:
    del file[name]


def _attribute(file: Any, name: str) -> None:
    file[name].attrs["more"] = 1


def _more(file: Any, name: str) -> None:
    file[name].create_dataset("more", data=1)


def of_protobuf(content: bytes) -> Iterator[Edit]:
    """Yield a change of every scalar field of a model, and of every list without an entry."""
    model = onnx.load_from_string(content)
    for path in _fields(model, ()):
        label = ".".join(map(str, path))
        yield Edit(label, _protobuf(content, path))


def _fields(message: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for field, value in message.ListFields():
        here = (*path, field.name)
        # A list has a length, but so has a text.
        if hasattr(value, "append") or hasattr(value, "add"):
            for index, item in enumerate(value):
                if isinstance(item, Message):
                    yield from _fields(item, (*here, index))
                else:
                    yield (*here, index)
            yield (*here, "one less")
        elif isinstance(value, Message):
            yield from _fields(value, here)
        else:
            yield here


def _protobuf(content: bytes, path: tuple[Any, ...]) -> Callable[[], bytes]:
    def make() -> bytes:
        model = onnx.load_from_string(content)
        inner: Any = model
        for key in path[:-1]:
            inner = inner[key] if isinstance(key, int) else getattr(inner, key)
        last = path[-1]
        if last == "one less":
            del inner[-1]
        elif isinstance(last, int):
            inner[last] = _changed(inner[last])
        else:
            setattr(inner, last, _changed(getattr(inner, last)))
        encoded: bytes = model.SerializeToString(deterministic=True)
        return encoded

    return make


def _changed(value: Any) -> Any:
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1]) if value else b"a"
    return next(_steps(value))


def of_bytes(content: bytes, indices: Iterator[int]) -> Iterator[Edit]:
    """Yield the content with one byte larger by one, at these indices."""
    for index in indices:

        def make(index: int = index) -> bytes:
            changed = bytearray(content)
            changed[index] = (changed[index] + 1) % 256
            return bytes(changed)

        yield Edit(f"byte {index}", make)
