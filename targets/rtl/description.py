"""The program in the files: a comment of nd_top.v with its nodes, and ROMs with its weights.

The comment is one JSON document: the nodes by class and fields. Instead of weights it names the
file of the ROM that holds them, their shape and their width.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import ValidationError
from neurodeploy.program import Conv2d, Node, Program, Synapse
from neurodeploy.target import source
from targets.rtl.text.network import FORMAT, Network
from targets.rtl.text.synapses import rom_name
from targets.rtl.text.words import rom_values, width_of

_OPENING = "without the weights that stand in the .hex files:\n"


def described(network: Network) -> str:
    """Return the description of a program, as it stands in the comment."""
    text = source.described(network.program, {"format": FORMAT}, lambda node: _rom(node, network))
    # A macro begins with it, wherever it stands.
    return text.replace("`", "\\u0060")


def _rom(node: Node, network: Network) -> dict[str, Any]:
    """Return the member that names a ROM, if the node has weights."""
    if not isinstance(node, Synapse):
        return {}
    weight, name = node.narrow_weight, rom_name(network.memory, node.name)
    return {"weight": {"rom": name, "bits": width_of(weight), "shape": weight.shape}}


def rebuilt(text: str, roms: Mapping[str, str]) -> tuple[Program, str]:
    """Return the program in the text of nd_top.v and its ROMs, and its hash.

    Raises:
        ArtifactError: if the text holds none.
    """
    with source.naming_damage("folder"):
        description = source.description_in(text, _OPENING, FORMAT)
        unread = dict(roms)
        program = description.program(lambda kind, members: _fill(kind, members, unread))
        return program, description.sha256


def _fill(kind: type[Node], members: dict[str, Any], roms: dict[str, str]) -> None:
    """Put the weights of the ROM that members name in their place, and remove the ROM."""
    if issubclass(kind, Synapse):
        groups = members.get("groups", 1) if kind is Conv2d else 1
        members["weight"] = _weights(members["weight"], roms, groups)


def _weights(entry: Mapping[str, Any], roms: dict[str, str], groups: Any) -> NDArray[np.int64]:
    """Return weights as the program has them, from a ROM, which has them by source."""
    name, bits, shape = str(entry["rom"]), entry["bits"], source.shape_of(entry)
    if type(bits) is not int or not 1 <= bits <= 64:
        raise ValidationError(f"{bits!r:.40} is not a width of weights")
    try:
        flat = rom_values(roms.pop(name), bits)
    except ValueError as error:
        raise ValidationError(f"{name}: {error}") from error
    if flat.size != prod(shape):
        raise ValidationError(f"{name} has {flat.size} numbers, not {prod(shape)}")
    return source.by_source(flat, shape, groups)
