"""The program in the text of network.c: a comment with its nodes, and arrays with its numbers.

The comment is one JSON document: the nodes by class and fields. Instead of weights, delays and
parameters that the text reads it names the constant arrays that hold them, with their shapes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.program import (
    Arithmetic,
    Conv2d,
    Input,
    Neuron,
    Node,
    Program,
    Selection,
    Synapse,
)
from neurodeploy.target import source
from targets.c.text.network import FORMAT, Network

_OPENING = "the numbers that stand in arrays below:\n"
_ARRAY = re.compile(r"static const int(8|16|32|64)_t (\w+)\[([0-9]{1,10})\] = \{([^{}]*)\};")


def described(network: Network) -> str:
    """Return the description of a program, as it stands in the comment."""
    head = {"format": FORMAT, "form": "event" if network.by_event else "dense"}
    text = source.described(network.program, head, lambda node: _ARRAYS_OF(node, network))
    # Two question marks and a sign more are another sign to old compilers.
    return text.replace("?", "\\u003f")


# The members of a node that name arrays instead of their numbers.
_ARRAYS_OF = KindTable[[Network], dict[str, Any]]("the description in network.c")


@_ARRAYS_OF.register(Input, Selection, Arithmetic)
def _without_arrays(node: Node, network: Network) -> dict[str, Any]:
    return {}


@_ARRAYS_OF.register(Synapse)
def _of_weights(node: Synapse, network: Network) -> dict[str, Any]:
    weights = next(each for each in network.weights if each.node is node)
    order = "source" if weights.scatters else "output"
    form = {"shape": node.narrow_weight.shape, "by": order}
    members = {"weight": {"array": f"w{weights.number}", **form}}
    if weights.delays is not None:
        members["delays"] = {"array": f"d{weights.number}", **form}
    return members


@_ARRAYS_OF.register(Neuron)
def _of_neurons(node: Neuron, network: Network) -> dict[str, Any]:
    layer = next(each for each in network.layers if each.node is node)
    parameters: dict[str, Any] = dict(node.parameters)
    for key in layer.step.parameters:
        shape = node.parameters[key].shape
        parameters[key] = {"array": layer.parameter_field(key), "shape": shape}
    return {"parameters": parameters}


def rebuilt(text: str) -> tuple[Program, bool, str]:
    """Return the program in the text of network.c, whether its events scatter, and its hash.

    Raises:
        ArtifactError: if the text holds none.
    """
    with source.naming_damage("file"):
        description = source.description_in(text, _OPENING, FORMAT)
        arrays = dict(_arrays(description.behind))
        by_event = {"event": True, "dense": False}[description.document["form"]]
        program = description.program(lambda kind, members: _fill(kind, members, arrays))
        return program, by_event, description.sha256


def _arrays(text: str) -> list[tuple[str, NDArray[np.int64]]]:
    """Return every constant array of the text by its name."""
    arrays = []
    for bits, name, length, body in _ARRAY.findall(text):
        words = body.replace("INT64_C(", "").replace(")", "") if bits == "64" else body
        words = words.replace("(", "").replace(")", "")
        values = [_number(word.strip()) for word in words.split(",") if word.strip()]
        if len(values) != int(length):
            raise ValidationError(f"its array {name} has {len(values)} numbers, not {length}")
        arrays.append((name, np.asarray(values, np.int64)))
    return arrays


def arrays_in(text: str) -> dict[str, NDArray[np.int64]]:
    """Return the constant arrays of a text without comments, by name.

    Raises:
        ArtifactError: if one is damaged.
    """
    try:
        return dict(_arrays(text))
    except source.DAMAGE as error:
        raise ArtifactError(f"an array is damaged: {error}") from error


def _number(word: str) -> int:
    """Return a constant; the lowest of a width is written as another minus one."""
    value, _, less = word.partition(" - ")
    if not re.fullmatch(r"-?[0-9]{1,19}", value) or less not in ("", "1"):
        raise ValidationError(f"{word!r:.40} is not a number")
    return int(value) - (1 if less else 0)


def _fill(kind: type[Node], members: dict[str, Any], arrays: dict[str, NDArray[np.int64]]) -> None:
    """Put the arrays that members name in their place, and remove them: each is named once."""
    if issubclass(kind, Synapse):
        groups = members.get("groups", 1) if kind is Conv2d else 1
        for key in ("weight", "delays"):
            if isinstance(members.get(key), Mapping):
                members[key] = _weights(members[key], arrays, groups)
    if issubclass(kind, Neuron):
        parameters = members["parameters"]
        if not isinstance(parameters, Mapping):
            raise ValidationError(f"{members.get('name')}.parameters: {parameters!r:.80} are none")
        members["parameters"] = {
            key: arrays.pop(value["array"]).reshape(source.shape_of(value))
            if isinstance(value, Mapping)
            else value
            for key, value in parameters.items()
        }


def _weights(
    entry: Mapping[str, Any], arrays: dict[str, NDArray[np.int64]], groups: Any
) -> NDArray[np.int64]:
    """Return weights as the program has them, from the order in which the text has them."""
    flat, shape = arrays.pop(entry["array"]), source.shape_of(entry)
    if flat.size != prod(shape):
        raise ValidationError(f"its array {entry['array']} does not have the shape {shape}")
    if entry["by"] == "output":
        return flat.reshape(shape)
    if entry["by"] != "source":
        raise ValidationError(f"{entry['by']!r:.40} is not an order of weights")
    return source.by_source(flat, shape, groups)
