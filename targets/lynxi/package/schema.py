"""JSON Schema, limited to what network.schema.json uses; the first problem is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from neurodeploy.errors import ArtifactError

SCHEMA_FILE = "network.schema.json"
# Nodes that were added later.
_ADDED = ("selections.schema.json", "products.schema.json", "sums.schema.json")
Schema = Mapping[str, Any]

_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def schema_text(document: Mapping[str, Any] | None = None) -> bytes:
    """Return the schema as it is shipped with a package that holds this document.

    One without the nodes that were added later gets the schema without them.
    """
    ops = {node["op"] for node in document["nodes"]} if document else set[str]()
    used = tuple(name for name in _ADDED if not ops.isdisjoint(_definitions(name)))
    if not used:
        return _file(SCHEMA_FILE)
    return (json.dumps(_with(*used), indent=1) + "\n").encode()


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """Return the schema of network.json, with every node that it may hold."""
    return _with(*_ADDED)


def _with(*files: str) -> dict[str, Any]:
    """Return the schema with the nodes of some files."""
    read: dict[str, Any] = json.loads(_file(SCHEMA_FILE))
    choices = read["properties"]["nodes"]["items"]["oneOf"]
    for name in files:
        read["$defs"] |= _definitions(name)
        choices += [{"$ref": f"#/$defs/{op}"} for op in _definitions(name)]
    return read


@lru_cache(maxsize=len(_ADDED))
def _definitions(name: str) -> dict[str, Any]:
    """Return the definitions of the nodes of a file, by their words."""
    definitions: dict[str, Any] = json.loads(_file(name))["$defs"]
    return definitions


def _file(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()


def require_valid(document: Any, path: str) -> None:
    """Check that a document conforms to the schema.

    Raises:
        ArtifactError: otherwise; names the place in it.
    """
    wrong = _wrong(document, schema(), "")
    if wrong is not None:
        raise ArtifactError(f"{path}: {wrong}", remedy="export the model again")


def _wrong(value: Any, rule: Schema, path: str) -> str | None:
    """Return what is wrong with a value, or None."""
    while "$ref" in rule:
        rule = schema()["$defs"][rule["$ref"].rsplit("/", 1)[-1]]
    if "oneOf" in rule:
        return _wrong_choice(value, rule, path)
    where = path or "the document"
    if "const" in rule and value != rule["const"]:
        return f"{where} is {value!r:.60}, not {rule['const']!r}"
    if "enum" in rule and value not in rule["enum"]:
        return f"{where} is {value!r:.60}, none of {', '.join(map(str, rule['enum']))}"
    kinds = rule.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_TYPES[kind](value) for kind in kinds):
        return f"{where} is {value!r:.60}, not of type {' or '.join(kinds)}"
    if isinstance(value, dict):
        return _wrong_members(value, rule, path)
    if isinstance(value, list):
        return _wrong_items(value, rule, path)
    return _wrong_scalar(value, rule, where)


def _wrong_choice(value: Any, rule: Schema, path: str) -> str | None:
    """Choose by the member that distinguishes the choices, so that the message fits."""
    choices = [schema()["$defs"][choice["$ref"].rsplit("/", 1)[-1]] for choice in rule["oneOf"]]
    op = value.get("op") if isinstance(value, dict) else None
    for choice in choices:
        if choice["properties"]["op"]["const"] == op:
            return _wrong(value, choice, path)
    return f"{path}.op is {op!r:.60}, which is not a layer of this format"


def _wrong_members(value: dict[str, Any], rule: Schema, path: str) -> str | None:
    for name in rule.get("required", ()):
        if name not in value:
            return f"{path or 'the document'} has no {name}"
    properties, other = rule.get("properties", {}), rule.get("additionalProperties", True)
    for name, member in value.items():
        inner = properties.get(name, other)
        at = f"{path}.{name}" if path else name
        if inner is False:
            return f"{at} is unknown"
        wrong = None if inner is True else _wrong(member, inner, at)
        if wrong is not None:
            return wrong
    return None


def _wrong_items(value: list[Any], rule: Schema, path: str) -> str | None:
    low, high = rule.get("minItems", 0), rule.get("maxItems", len(value))
    if not low <= len(value) <= high:
        return f"{path} has {len(value)} items, not {low} to {high}"
    if "items" not in rule:
        return None
    wrong = (_wrong(item, rule["items"], f"{path}[{i}]") for i, item in enumerate(value))
    return next((each for each in wrong if each is not None), None)


def _wrong_scalar(value: Any, rule: Schema, where: str) -> str | None:
    if isinstance(value, str):
        if len(value) < rule.get("minLength", 0):
            return f"{where} is empty"
        if "pattern" in rule and not re.search(rule["pattern"], value):
            return f"{where} is {value!r:.80}, not like {rule['pattern']}"
    if _TYPES["number"](value):
        low, high = rule.get("minimum", value), rule.get("maximum", value)
        if not low <= value <= high:
            return f"{where} is {value}, not within {low} to {high}"
    return None
