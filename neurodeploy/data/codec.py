"""Frozen data as plain JSON and back, exactly: arrays by their bytes, classes by an allow-list."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data import strict_json
from neurodeploy.data.narrow import INTEGERS, Multiples, integer_type, pieces
from neurodeploy.data.typed import build_member, document_name
from neurodeploy.errors import ValidationError
from snncore.dynamics import Equations, NumberSystem
from snncore.dynamics.remembered import remembered

# Marks a field that was added later: it is not written if it is None, so that digests stay.
UNWRITTEN = {"unwritten": "None"}
# Most values of a document are JSON already.
_PLAIN = frozenset({bool, dict, float, int, list, str, type(None)})
# The number of parts, or of a part's characters, that a digest takes in at once.
_LONG = 1 << 12
_quoted = json.encoder.encode_basestring_ascii
_TYPES = {np.dtype(kind).name for kind in (*INTEGERS, np.float64)}


def dumps(document: Mapping[str, Any]) -> str:
    """Return a document of frozen data as text: equal data give equal text."""
    parts: list[str] = []
    _write(document, "\n", parts.append)
    return "".join((*parts, "\n"))


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document's text without holding the whole text."""
    result, parts = sha256(), []

    def write(part: str) -> None:
        parts.append(part)
        # An array's pieces are long, and most others are a few characters.
        if len(part) > _LONG or len(parts) > _LONG:
            result.update("".join(parts).encode())
            parts.clear()

    _write(document, "\n", write)
    result.update("".join((*parts, "\n")).encode())
    return result.hexdigest()


def loads(text: str, classes: Mapping[str, type], description: str) -> dict[str, Any]:
    """Return the document that `dumps` wrote, built only from these classes.

    Raises:
        ValidationError: if the text is not such a document.
    """
    try:
        document = strict_json.loads(text)
        if not isinstance(document, dict):
            raise ValidationError(f"not {description}: the text holds no object")
        return {key: _value(value, classes) for key, value in document.items()}
    except ValidationError:
        raise
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError) as error:
        raise ValidationError(f"not {description}: {error}") from error


def is_written(holder: Any, field: Field[Any]) -> bool:
    """Return whether a field appears in a document: a later field with the value None does not."""
    return field.metadata != UNWRITTEN or vars(holder)[field.name] is not None


def members(document: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    """Return the list that a document holds under a name.

    Raises:
        ValidationError: if there is none.
    """
    value = document.get(name)
    if not isinstance(value, tuple):
        raise ValidationError(f"the document's {name} are not a list")
    return value


def _write(value: Any, line: str, write: Callable[[str], object]) -> None:
    """Write the value as JSON, with one member per line; arrays come in pieces."""
    if isinstance(value, Equations):
        write(_equations_text(value, line))
        return
    plain = _plain(value)
    if isinstance(plain, str):
        write(_quoted(plain))
    elif isinstance(plain, dict) and plain:
        opening, within = "{", line + " "
        for key in sorted(plain):
            write(f"{opening}{within}{_quoted(key)}: ")
            _write(plain[key], within, write)
            opening = ","
        write(line + "}")
    elif isinstance(plain, list) and plain:
        opening, within = "[", line + " "
        for member in plain:
            write(opening + within)
            _write(member, within, write)
            opening = ","
        write(line + "]")
    elif isinstance(plain, _Data):
        write('"')
        for piece in pieces(plain.values):
            little = np.ascontiguousarray(piece, dtype=plain.kind)
            write(base64.b64encode(little.data).decode("ascii"))
        write('"')
    elif type(plain) is int:
        write(repr(plain))
    else:
        write(json.dumps(plain))


@remembered
def _equations_text(equations: Equations, line: str) -> str:
    """Return the equations as JSON, which every layer and every hash of a network repeats."""
    parts: list[str] = []
    _write({"kind": "Equations", "data": equations.to_json()}, line, parts.append)
    return "".join(parts)


@dataclass(frozen=True, eq=False)
class _Data:
    """An array's numbers, which are written in this type."""

    values: NDArray[Any]
    kind: np.dtype[Any]


def _plain(value: Any) -> Any:
    """Return the value as JSON has it; its members are not converted yet."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, np.ndarray | Multiples):
        return _plain_array(np.asarray(value))
    if isinstance(value, NumberSystem):
        return {"kind": "NumberSystem", "data": value.to_json()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, _Data):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        # Take arrays as they are stored, which may be narrower than the arrays that are returned.
        members = {f.name: vars(value)[f.name] for f in fields(value) if is_written(value, f)}
        return {"kind": document_name(type(value)), **members}
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple | list) else value


def _value(value: Any, classes: Mapping[str, type]) -> Any:
    if isinstance(value, list):
        return tuple(_value(item, classes) for item in value)
    if not isinstance(value, dict):
        return value
    kind = value.get("kind")
    if not isinstance(kind, str | None):
        raise ValidationError(f"{kind!r:.80} is not a kind of data")
    if kind == "array":
        return _array(value)
    if kind == "Equations":
        return Equations.from_json(value["data"])
    if kind == "NumberSystem":
        return NumberSystem.from_json(value["data"])
    members = {key: _value(item, classes) for key, item in value.items() if key != "kind"}
    if kind is None:
        return members
    if kind not in classes:
        raise ValidationError(f"{kind} is not one of {', '.join(classes)}")
    return build_member(classes[kind], members)


def _plain_array(values: NDArray[Any]) -> dict[str, Any]:
    kind: Any = np.float64
    if values.dtype.kind != "f":
        low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
        kind = integer_type(low, high)
    data = _Data(values, np.dtype(kind).newbyteorder("<"))
    name = np.dtype(kind).name
    return {"kind": "array", "shape": list(values.shape), "type": name, "data": data}


def _array(entry: Mapping[str, Any]) -> NDArray[Any]:
    if entry["type"] not in _TYPES:
        raise ValidationError(f"{entry['type']} is not the type of an array")
    kind = np.dtype(entry["type"])
    flat = np.frombuffer(base64.b64decode(entry["data"], validate=True), kind.newbyteorder("<"))
    shape = tuple(int(length) for length in entry["shape"])
    if flat.size != int(np.prod(shape)):
        raise ValidationError("an array's data do not fill its shape")
    return flat.reshape(shape).astype(kind if kind.kind == "f" else np.int64)
