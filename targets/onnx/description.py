"""What the file says of the program beside the graph: everything but the numbers it holds anyway.

A description is one JSON document: the nodes by class and fields. Instead of weights, and of
parameters that the graph reads, it names the tensors of the file that hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import codec, program
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.program import Dense, Neuron, Node, Program
from neurodeploy.structure import Edge
from neurodeploy.typed import made

SCHEMA = 1


def described(
    held: Program, names: Mapping[tuple[str, str], str], powers: Mapping[str, int]
) -> str:
    """The description of a program whose numbers are in tensors of these names.

    `names` go by layer and label; `powers` are the powers of two common to a layer's weights.
    """
    nodes = []
    for node in held.nodes:
        members = {field.name: getattr(node, field.name) for field in fields(node)}
        if node.name in powers:
            members["weight"] = {"power": powers[node.name], "tensors": _grouped(names, node)}
        if isinstance(node, Neuron):
            members["parameters"] = {
                key: {"tensor": names[node.name, key]} if (node.name, key) in names else value
                for key, value in node.parameters.items()
            }
        nodes.append({"class": type(node).__name__, **members})
    return codec.dumps({"schema": SCHEMA, "output": held.output, "nodes": nodes})


def _grouped(names: Mapping[tuple[str, str], str], node: Node) -> list[list[str]]:
    """The tensors of a layer's weights: for each source those of its digits, lowest first."""
    groups: dict[str, list[str]] = {}
    for (layer, label), name in names.items():
        if layer == node.name:
            groups.setdefault(label.partition(".")[0], []).append(name)
    return list(groups.values())


def rebuilt(text: str, tensors: Mapping[str, NDArray[Any]]) -> Program:
    """The program of a description and the file's tensors by name.

    Raises:
        ArtifactError: if they do not belong together.
    """
    try:
        document = codec.loads(text, {"Edge": Edge}, "a description")
        if document.get("schema") != SCHEMA:
            raise ValidationError(f"a description of schema {document.get('schema')}")
        nodes = (_node(dict(each), tensors) for each in codec.members(document, "nodes"))
        return Program(tuple(nodes), str(document.get("output")))
    except (ValueError, TypeError, LookupError) as error:
        raise ArtifactError(f"the file's description is damaged: {error}") from error


def _node(members: dict[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Node:
    wanted = str(members.pop("class"))
    kind = getattr(program, wanted) if wanted in program.__all__ else None
    if not (isinstance(kind, type) and issubclass(kind, Node)):
        raise ValidationError(f"{wanted} is no node of a program")
    weight = members.get("weight")
    if isinstance(weight, dict):
        parts = [[tensors[name] for name in digits] for digits in weight["tensors"]]
        sums = [joined(digits, int(weight["power"])) for digits in parts]
        members["weight"] = sum(sums[1:], start=sums[0])
        if kind is Dense:
            members["weight"] = members["weight"].T
    if issubclass(kind, Neuron):
        members["parameters"] = {
            key: tensors[value["tensor"]].astype(np.int64) if isinstance(value, dict) else value
            for key, value in members["parameters"].items()
        }
    node: Node = made(kind, members)
    return node


def joined(digits: list[NDArray[Any]], power: int) -> NDArray[np.int64]:
    """The weights of these digits in base 256, lowest first, times a power of two."""
    total = digits[-1].astype(np.int64)
    for digit in reversed(digits[:-1]):
        total <<= 8
        total += digit
    total <<= power
    return total
