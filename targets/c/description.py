"""The program in the text of network.c: a comment with its nodes, and arrays with its numbers.

The comment is one JSON document: the nodes by class and fields. Instead of weights, delays and
parameters that the text reads it names the constant arrays that hold them, with their shapes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data import codec
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.network.encoding import Encoding
from neurodeploy.data.structure import Edge
from neurodeploy.data.typed import build_member
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.program import (
    Arithmetic,
    Conv2d,
    Input,
    Neuron,
    Node,
    Part,
    Program,
    Selection,
    Synapse,
)
from targets.c.text.network import FORMAT, Network

_OPENING = "the numbers that stand in arrays below:\n"
_ARRAY = re.compile(r"static const int(8|16|32|64)_t (\w+)\[([0-9]{1,10})\] = \{([^{}]*)\};")
# The errors that our own code raises over members that make no sense to it.
DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
_MOST_AXES = 16


def described(network: Network) -> str:
    """Return the description of a program, as it stands in the comment."""
    nodes = []
    for node in network.program.nodes:
        members = {f.name: vars(node)[f.name] for f in fields(node) if codec.is_written(node, f)}
        nodes.append({"class": node.kind_name(), **members, **_ARRAYS_OF(node, network)})
    program = network.program
    head = {"format": FORMAT, "form": "event" if network.by_event else "dense"}
    facts = {"program_sha256": program.sha256, "output": program.output, "nodes": nodes}
    # A solidus may be escaped in JSON, and a comment ends at one.
    return codec.dumps(head | facts).replace("/", "\\/").replace("?", "\\u003f")


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
    start = text.find(_OPENING)
    end = text.find("*/", start)
    if start >= 0 and end < 0:
        raise ArtifactError("is damaged: it is cut off within its description")
    if start < 0:
        raise ArtifactError(
            "was not written by neurodeploy: it has no description of its program",
            remedy="export it with neurodeploy, from the model that it was made from",
        )
    try:
        classes = {"Edge": Edge, "Encoding": Encoding, "Part": Part}
        document = codec.loads(text[start + len(_OPENING) : end], classes, "a description")
        if document.get("format") != FORMAT:
            raise ValidationError(f"it is in format {document.get('format')!r:.20}")
        arrays = dict(_arrays(text[end:]))
        form = {"event": True, "dense": False}[document["form"]]
        nodes = tuple(_node(dict(each), arrays) for each in codec.members(document, "nodes"))
        program = Program(nodes, str(document.get("output")))
        return program, form, str(document.get("program_sha256"))
    except KeyError as error:
        words = f"it names {error}, which is nothing in the file, or named twice"
        raise ArtifactError(f"its description is damaged: {words}") from error
    except DAMAGE as error:
        raise ArtifactError(f"its description is damaged: {error}") from error


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
    except DAMAGE as error:
        raise ArtifactError(f"an array is damaged: {error}") from error


def _number(word: str) -> int:
    """Return a constant; the lowest of a width is written as another minus one."""
    value, _, less = word.partition(" - ")
    if not re.fullmatch(r"-?[0-9]{1,19}", value) or less not in ("", "1"):
        raise ValidationError(f"{word!r:.40} is not a number")
    return int(value) - (1 if less else 0)


def _node(members: dict[str, Any], arrays: dict[str, NDArray[np.int64]]) -> Any:
    """Return the node of these members, and remove the arrays that it names."""
    class_name = str(members.pop("class"))
    kind = next((each for each in Program.kinds if each.kind_name() == class_name), None)
    if kind is None:
        raise ValidationError(f"{class_name} is not a node of a program")
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
            key: arrays.pop(value["array"]).reshape(_shape(value))
            if isinstance(value, Mapping)
            else value
            for key, value in parameters.items()
        }
    return build_member(kind, members)


def _shape(entry: Mapping[str, Any]) -> tuple[int, ...]:
    shape = entry["shape"]
    if not isinstance(shape, tuple) or len(shape) > _MOST_AXES:
        raise ValidationError(f"{shape!r:.80} is not a shape")
    if any(type(length) is not int or length < 0 for length in shape):
        raise ValidationError(f"{shape!r:.80} is not a shape")
    return shape


def _weights(
    entry: Mapping[str, Any], arrays: dict[str, NDArray[np.int64]], groups: Any
) -> NDArray[np.int64]:
    """Return weights as the program has them, from the order in which the text has them."""
    flat, shape = arrays.pop(entry["array"]), _shape(entry)
    if flat.size != prod(shape):
        raise ValidationError(f"its array {entry['array']} does not have the shape {shape}")
    if entry["by"] == "output":
        return flat.reshape(shape)
    if entry["by"] != "source":
        raise ValidationError(f"{entry['by']!r:.40} is not an order of weights")
    if len(shape) == 2:
        return flat.reshape(shape[::-1]).T
    outputs, inputs, height, width = shape
    if type(groups) is not int or groups < 1 or outputs % groups:
        raise ValidationError(f"{groups!r:.40} groups do not divide {outputs} channels")
    by_source = flat.reshape(groups, inputs, height, width, outputs // groups)
    return by_source.transpose(0, 4, 1, 2, 3).reshape(shape)
