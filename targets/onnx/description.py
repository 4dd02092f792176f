"""The file's description of the program beside the graph, without the numbers in its tensors.

A description is one JSON document: the nodes by class and fields. Instead of weights, and of
parameters that the graph reads, it names the tensors of the file that hold them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph
from neurodeploy.data import codec
from neurodeploy.data.network.encoding import Encoding
from neurodeploy.data.structure import Edge, Node
from neurodeploy.data.typed import build_member
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.graph import Graph
from neurodeploy.program import Dense, Neuron, Program

SCHEMA = 1
_MOST_BITS = 62
# What our own code raises over members that make no sense to it.
_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


# A program, or a graph in floats.
Network = Program | Graph


def described(
    network: Network, names: Mapping[tuple[str, str], str], powers: Mapping[str, int]
) -> str:
    """Return the description of a network whose numbers are in tensors of these names.

    `names` go by layer and label; `powers` are the powers of two common to a layer's weights.
    """
    nodes = []
    for node in network.nodes:
        members = {f.name: vars(node)[f.name] for f in fields(node) if codec.is_written(node, f)}
        if node.name in powers:
            members["weight"] = {"power": powers[node.name], "tensors": _grouped(names, node)}
        elif isinstance(node, graph.Dense | graph.Conv2d):
            members["weight"] = {"tensor": names[node.name, "weight"]}
        if isinstance(node, Neuron):
            members["parameters"] = {
                key: {"tensor": names[node.name, key]} if (node.name, key) in names else value
                for key, value in node.parameters.items()
            }
        nodes.append({"class": node.kind_name(), **members})
    kind = type(network).__name__
    return codec.dumps({"schema": SCHEMA, "of": kind, "output": network.output, "nodes": nodes})


def _grouped(names: Mapping[tuple[str, str], str], node: Node) -> list[list[str]]:
    """Return the tensors of a layer's weights: for each source its digits, lowest first."""
    groups: dict[str, list[str]] = {}
    for (layer, label), name in names.items():
        if layer == node.name:
            groups.setdefault(label.partition(".")[0], []).append(name)
    return list(groups.values())


def rebuilt(text: str, tensors: Mapping[str, NDArray[Any]], most: int) -> Network:
    """Return the network of a description and the file's tensors, of at most `most` layers.

    Raises:
        ArtifactError: if they do not belong together.
    """
    try:
        document = codec.loads(text, {"Edge": Edge, "Encoding": Encoding}, "a description")
        if document.get("schema") != SCHEMA:
            raise ValidationError(f"a description of schema {document.get('schema')}")
        floats = {"Program": False, "Graph": True}[document["of"]]
        network: type[Graph] | type[Program] = Graph if floats else Program
        entries, kinds = codec.members(document, "nodes"), network.kinds
        if len(entries) > most:
            raise ValidationError(f"it has {len(entries)} layers, and the file nodes for {most}")
        # A tensor is named once: else a short text could ask for large ones again and again.
        unread = dict(tensors)
        nodes = tuple(_node(dict(each), unread, kinds) for each in entries)
        return network(nodes, str(document.get("output")))
    except KeyError as error:
        words = f"it names {error}, which is nothing in the file, or named twice"
        raise ArtifactError(f"the file's description is damaged: {words}") from error
    except _DAMAGE as error:
        raise ArtifactError(f"the file's description is damaged: {error}") from error


def _node(
    members: dict[str, Any], tensors: dict[str, NDArray[Any]], kinds: Sequence[type[Node]]
) -> Any:
    """Return the node of these members, and remove the tensors that it names."""
    class_name = str(members.pop("class"))
    kind = next((each for each in kinds if each.kind_name() == class_name), None)
    if kind is None:
        raise ValidationError(f"{class_name} is not a node of a network")
    weight = members.get("weight")
    if isinstance(weight, dict) and "tensor" in weight:
        values = tensors.pop(weight["tensor"]).astype(np.float64)
        members["weight"] = values.T if kind is graph.Dense else values
    elif isinstance(weight, dict):
        parts = [[tensors.pop(name) for name in digits] for digits in weight["tensors"]]
        sums = [joined(digits, _power(weight["power"])) for digits in parts]
        members["weight"] = sum(sums[1:], start=sums[0])
        if kind is Dense:
            members["weight"] = members["weight"].T
    if issubclass(kind, Neuron):
        parameters = members["parameters"]
        if not isinstance(parameters, dict):
            raise ValidationError(f"{members.get('name')}.parameters: {parameters!r:.80} are none")
        members["parameters"] = {
            key: tensors.pop(value["tensor"]).astype(np.int64) if isinstance(value, dict) else value
            for key, value in parameters.items()
        }
    return build_member(kind, members)


def _power(power: Any) -> int:
    """Return the power of two that weights have in common.

    Raises:
        ValidationError: if it is none, or no weight would be left of 62 bits.
    """
    if type(power) is not int or not 0 <= power < _MOST_BITS:
        raise ValidationError(f"{power!r:.80} is not a power of two that weights have in common")
    return power


def joined(digits: list[NDArray[Any]], power: int) -> NDArray[np.int64]:
    """Return the weights of these digits in base 256, lowest first, times a power of two."""
    total = digits[-1].astype(np.int64)
    for digit in reversed(digits[:-1]):
        total <<= 8
        total += digit
    total <<= power
    return total
