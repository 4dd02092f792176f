"""A package to the program that it holds; what it says twice is compared.

Written from what the format is: any package that is consistent is read, ours or another's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, DoesNotFitError, ValidationError
from neurodeploy.program import (
    Conv2d,
    Dense,
    Edge,
    Flatten,
    Input,
    MaxPool2d,
    Neuron,
    Node,
    Program,
    Signal,
)
from snncore.dynamics import Equations, NumberSystem
from targets.lynxi.certificate import Term, terms
from targets.lynxi.document import step_of
from targets.lynxi.plan import Part, Plan, plan_of
from targets.lynxi.ports import reduced_forms
from targets.lynxi.recipe import Numbers
from targets.lynxi.schema import require_valid
from targets.lynxi.tensors import Store

DOCUMENT = "network.json"
Entry = Mapping[str, Any]


def read_artifact(artifact: Artifact) -> Program:
    """The program that a package holds.

    Raises:
        ArtifactError: if it is damaged, incomplete, or says two different things.
    """
    document, store = document_in(artifact), Store(artifact.files)
    try:
        nodes = tuple(_READERS[entry["op"]](entry, store) for entry in document["nodes"])
        program = Program(nodes, document["output"])
        plan = plan_of(program)
    except (ValidationError, DoesNotFitError, ValueError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{DOCUMENT}: {error}") from error
    for part, entry in zip(plan.parts, document["nodes"], strict=True):
        _require_same(part, entry, plan, store)
    if document["level"] != plan.level.value:
        raise ArtifactError(f"{DOCUMENT}: level is {document['level']}, not {plan.level.value}")
    _require_rest(document, plan, store)
    return program


def document_in(artifact: Artifact) -> dict[str, Any]:
    """network.json, of its schema.

    Raises:
        ArtifactError: if it is missing, no JSON, or not of the schema.
    """
    content = artifact.files.get(DOCUMENT)
    if content is None:
        raise ArtifactError(f"{artifact.path or 'the package'}: has no {DOCUMENT}")
    try:
        document = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{DOCUMENT}: is no JSON: {error}") from error
    require_valid(document, DOCUMENT)
    checked: dict[str, Any] = document
    return checked


def _require_rest(document: Entry, plan: Plan, store: Store) -> None:
    """Nothing if the forms are the network's, and every golden vector is there."""
    reduced = document["reduced"]
    if reduced != reduced_forms(plan, reduced["steps"]):
        raise ArtifactError(f"{DOCUMENT}: the reduced forms are not those of the network")
    pending: list[Any] = [document["golden"]]
    while pending:
        part = pending.pop()
        if isinstance(part, dict) and "sha256" in part:
            store.array(part, "golden vectors")
        elif isinstance(part, dict | list):
            pending += part.values() if isinstance(part, dict) else part


def _require_same(part: Part, entry: Entry, plan: Plan, store: Store) -> None:
    """Nothing if what follows from the integers is what the document says."""
    name = part.name
    said: dict[str, tuple[Any, Any]] = {
        "shape": (entry["shape"], list(part.shape)),
        "certificate": (entry["certificate"], part.certificate.to_json()),
    }
    node, compared = part.node, dict[str, Numbers]()
    if isinstance(node, Input):
        said["range"] = (entry["range"], [plan.input_range.low, plan.input_range.high])
    if isinstance(node, Neuron):
        assert part.recipe is not None
        said["step"] = (entry["step"], step_of(node.integer_equations))
        compared = {k: v for k, v in part.recipe.constants.items() if k not in node.parameters}
        said["compared"] = (sorted(entry["compared"]), sorted(compared))
        said["neuron"] = (entry["neuron"], node.equations.name)
    for key, (found, expected) in said.items():
        if found != expected:
            raise ArtifactError(
                f"{DOCUMENT}: {name}.{key} is {found!r:.80}, and what it describes has "
                f"{expected!r:.80}",
                remedy="export the model again",
            )
    for key, value in compared.items():
        _require_float(entry["compared"][key], value, f"{name}.{key}", store)


def _integers(entry: Entry, name: str, store: Store) -> NDArray[Any]:
    """The integers, which float16 says again."""
    values = store.array(entry["integers"], name)
    _require_float(entry, values, name, store)
    return values


def _require_float(entry: Entry, values: NDArray[Any], name: str, store: Store) -> None:
    found = [Term(store.array(term, name), term["power"]) for term in entry["float16"]]
    expected = terms(values)
    pairs = zip(found, expected, strict=False)
    same = all(a.power == b.power and np.array_equal(a.numbers, b.numbers) for a, b in pairs)
    if not same or len(found) != len(expected):
        raise ArtifactError(
            f"{name}: the float16 values are not the integers'", remedy="export the model again"
        )


def _source(entry: Entry) -> Edge:
    if len(entry["inputs"]) != 1:
        raise ArtifactError(f"{entry['name']}: has {len(entry['inputs'])} inputs instead of one")
    return Edge(entry["inputs"][0])


def _pair(entry: Entry, key: str) -> tuple[int, int]:
    first, second = entry[key]
    return first, second


def _input(entry: Entry, store: Store) -> Node:
    return Input(entry["name"], tuple(entry["shape"]), Signal(entry["signal"]))


def _dense(entry: Entry, store: Store) -> Node:
    weight = _integers(entry["weight"], f"{entry['name']}.weight", store)
    kept = (entry["exponent"], entry["shift"], entry["accumulator_bits"])
    return Dense(entry["name"], _source(entry), weight, *kept)


def _conv(entry: Entry, store: Store) -> Node:
    weight = _integers(entry["weight"], f"{entry['name']}.weight", store)
    return Conv2d(
        entry["name"],
        _source(entry),
        weight,
        _pair(entry, "stride"),
        _pair(entry, "padding"),
        _pair(entry, "dilation"),
        entry["groups"],
        entry["exponent"],
        entry["accumulator_bits"],
    )


def _pool(entry: Entry, store: Store) -> Node:
    kernel, stride, padding = (_pair(entry, key) for key in ("kernel", "stride", "padding"))
    return MaxPool2d(entry["name"], _source(entry), kernel, stride, padding)


def _flatten(entry: Entry, store: Store) -> Node:
    return Flatten(entry["name"], _source(entry))


def _neuron(entry: Entry, store: Store) -> Node:
    name = entry["name"]
    parameters = {
        key: _integers(value, f"{name}.{key}", store) for key, value in entry["parameters"].items()
    }
    return Neuron(
        name,
        tuple(Edge(source) for source in entry["inputs"]),
        Equations.from_json(entry["equations"]),
        NumberSystem.from_json(entry["number_system"]),
        parameters,
        entry["exponent"],
    )


_READERS: dict[str, Callable[[Entry, Store], Node]] = {
    "input": _input,
    "dense": _dense,
    "conv2d": _conv,
    "maxpool2d": _pool,
    "flatten": _flatten,
    "neuron": _neuron,
}
