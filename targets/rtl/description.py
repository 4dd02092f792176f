"""The program in the files: a comment of nd_top.v with its nodes, and ROMs with its weights.

The comment is one JSON document: the nodes by class and fields. Instead of weights it names the
file of the ROM that holds them, their shape and their width.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data import codec
from neurodeploy.data.network.encoding import Encoding
from neurodeploy.data.structure import Edge
from neurodeploy.data.typed import build_member
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.program import Conv2d, Part, Program, Synapse
from targets.rtl.text.network import FORMAT, Network
from targets.rtl.text.synapses import rom_name
from targets.rtl.text.words import rom_values, width_of

_OPENING = "without the weights that stand in the .hex files:\n"
# What our own code raises over members that make no sense to it.
DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
_MOST_AXES = 16


def described(network: Network) -> str:
    """Return the description of a program, as it stands in the comment."""
    nodes = []
    for node in network.program.nodes:
        members = {f.name: vars(node)[f.name] for f in fields(node) if codec.is_written(node, f)}
        if isinstance(node, Synapse):
            weight = node.narrow_weight
            members["weight"] = {
                "rom": rom_name(network.memory, node.name),
                "bits": width_of(weight),
                "shape": weight.shape,
            }
        nodes.append({"class": node.kind_name(), **members})
    program = network.program
    head = {"format": FORMAT, "program_sha256": program.sha256}
    facts = {"output": program.output, "nodes": nodes}
    # A solidus may be escaped in JSON, and a comment ends at one.
    return codec.dumps(head | facts).replace("/", "\\/").replace("`", "\\u0060")


def rebuilt(text: str, roms: Mapping[str, str]) -> tuple[Program, str]:
    """Return the program in the text of nd_top.v and its ROMs, and its hash.

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
        left = dict(roms)
        nodes = tuple(_node(dict(each), left) for each in codec.members(document, "nodes"))
        program = Program(nodes, str(document.get("output")))
        return program, str(document.get("program_sha256"))
    except KeyError as error:
        words = f"it names {error}, which is nothing in the folder, or named twice"
        raise ArtifactError(f"its description is damaged: {words}") from error
    except DAMAGE as error:
        raise ArtifactError(f"its description is damaged: {error}") from error


def _node(members: dict[str, Any], roms: dict[str, str]) -> Any:
    """Return the node of these members, and remove the ROM that it names."""
    class_name = str(members.pop("class"))
    kind = next((each for each in Program.kinds if each.kind_name() == class_name), None)
    if kind is None:
        raise ValidationError(f"{class_name} is not a node of a program")
    if issubclass(kind, Synapse):
        groups = members.get("groups", 1) if kind is Conv2d else 1
        members["weight"] = _weights(members["weight"], roms, groups)
    return build_member(kind, members)


def _weights(entry: Mapping[str, Any], roms: dict[str, str], groups: Any) -> NDArray[np.int64]:
    """Return weights as the program has them, from a ROM, which has them by source."""
    name, bits, shape = str(entry["rom"]), entry["bits"], entry["shape"]
    if type(bits) is not int or not 1 <= bits <= 64:
        raise ValidationError(f"{bits!r:.40} is not a width of weights")
    if not isinstance(shape, tuple) or len(shape) > _MOST_AXES:
        raise ValidationError(f"{shape!r:.80} is not a shape")
    if any(type(length) is not int or length < 0 for length in shape):
        raise ValidationError(f"{shape!r:.80} is not a shape")
    try:
        flat = rom_values(roms.pop(name), bits)
    except ValueError as error:
        raise ValidationError(f"{name}: {error}") from error
    if flat.size != prod(shape):
        raise ValidationError(f"{name} has {flat.size} numbers, not {prod(shape)}")
    if len(shape) == 2:
        return flat.reshape(shape[::-1]).T
    outputs, inputs, height, width = shape
    if type(groups) is not int or groups < 1 or outputs % groups:
        raise ValidationError(f"{groups!r:.40} does not divide the channels")
    by_source = flat.reshape(groups, inputs, height, width, outputs // groups)
    return by_source.transpose(0, 4, 1, 2, 3).reshape(shape)
