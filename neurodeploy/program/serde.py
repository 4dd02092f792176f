"""Programs as one JSON document, the same program always the same text."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from neurodeploy.errors import ValidationError
from neurodeploy.program.nodes import (
    Conv2d,
    Dense,
    Edge,
    Flatten,
    Input,
    Integers,
    Neuron,
    Node,
    Signal,
)
from neurodeploy.program.program import Program
from snncore.dynamics import Equations, NumberSystem

SCHEMA = 1
_TYPES = (np.int8, np.int16, np.int32, np.int64)


def dumps(program: Program) -> str:
    """The program as text."""
    document = {
        "schema": SCHEMA,
        "output": program.output,
        "nodes": [_node(node) for node in program.nodes],
    }
    return json.dumps(document, sort_keys=True, indent=1) + "\n"


def loads(text: str) -> Program:
    """The program that the text describes.

    Raises:
        ValidationError: if the text is no program of this schema.
    """
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise ValidationError(f"a program of schema {document['schema']}, not {SCHEMA}")
        nodes = tuple(_READERS[entry["kind"]](entry) for entry in document["nodes"])
        return Program(nodes, document["output"])
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise ValidationError(f"not a program: {error!r}") from error


def _array(values: Integers) -> dict[str, Any]:
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    kind = next(t for t in _TYPES if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    small = np.ascontiguousarray(values, dtype=np.dtype(kind).newbyteorder("<"))
    data = base64.b64encode(small.tobytes()).decode("ascii")
    return {"shape": list(values.shape), "type": np.dtype(kind).name, "data": data}


def _read_array(entry: Mapping[str, Any]) -> Integers:
    if entry["type"] not in {np.dtype(t).name for t in _TYPES}:
        raise ValidationError(f"{entry['type']} is no type of integers")
    kind = np.dtype(entry["type"]).newbyteorder("<")
    flat = np.frombuffer(base64.b64decode(entry["data"], validate=True), dtype=kind)
    if flat.size != int(np.prod(entry["shape"])):
        raise ValidationError("an array's data do not fill its shape")
    return flat.reshape(entry["shape"]).astype(np.int64)


def _edge(edge: Edge) -> list[Any]:
    return [edge.source, edge.delay]


def _read_edge(entry: Any) -> Edge:
    return Edge(str(entry[0]), int(entry[1]))


def _node(node: Node) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": type(node).__name__, "name": node.name}
    if isinstance(node, Input):
        entry |= {"shape": list(node.shape), "signal": node.signal.value}
    elif isinstance(node, Dense | Conv2d):
        entry |= {
            "source": _edge(node.source),
            "weight": _array(node.weight),
            "exponent": node.exponent,
            "accumulator_bits": node.accumulator_bits,
        }
        if isinstance(node, Dense):
            entry["shift"] = node.shift
        else:
            entry |= {key: list(getattr(node, key)) for key in ("stride", "padding", "dilation")}
            entry["groups"] = node.groups
    elif isinstance(node, Flatten):
        entry["source"] = _edge(node.source)
    elif isinstance(node, Neuron):
        entry |= {
            "inputs": [_edge(edge) for edge in node.inputs],
            "equations": node.equations.to_json(),
            "system": node.system.to_json(),
            "parameters": {key: _array(value) for key, value in node.parameters.items()},
            "exponent": node.exponent,
        }
    return entry


def _read_input(entry: Mapping[str, Any]) -> Node:
    return Input(entry["name"], tuple(entry["shape"]), Signal(entry["signal"]))


def _read_dense(entry: Mapping[str, Any]) -> Node:
    return Dense(
        entry["name"],
        _read_edge(entry["source"]),
        _read_array(entry["weight"]),
        int(entry["exponent"]),
        int(entry["shift"]),
        int(entry["accumulator_bits"]),
    )


def _pair(values: Any) -> tuple[int, int]:
    first, second = values
    return int(first), int(second)


def _read_conv(entry: Mapping[str, Any]) -> Node:
    return Conv2d(
        entry["name"],
        _read_edge(entry["source"]),
        _read_array(entry["weight"]),
        _pair(entry["stride"]),
        _pair(entry["padding"]),
        _pair(entry["dilation"]),
        int(entry["groups"]),
        int(entry["exponent"]),
        int(entry["accumulator_bits"]),
    )


def _read_flatten(entry: Mapping[str, Any]) -> Node:
    return Flatten(entry["name"], _read_edge(entry["source"]))


def _read_neuron(entry: Mapping[str, Any]) -> Node:
    return Neuron(
        entry["name"],
        tuple(_read_edge(edge) for edge in entry["inputs"]),
        Equations.from_json(entry["equations"]),
        NumberSystem.from_json(entry["system"]),
        {key: _read_array(value) for key, value in entry["parameters"].items()},
        int(entry["exponent"]),
    )


_READERS = {
    "Input": _read_input,
    "Dense": _read_dense,
    "Conv2d": _read_conv,
    "Flatten": _read_flatten,
    "Neuron": _read_neuron,
}
