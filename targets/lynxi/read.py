"""The reader of packages; it compares everything that a package states twice.

It is written from the format's definition: it reads any consistent package, ours or another's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.data import strict_json
from neurodeploy.errors import ArtifactError, DoesNotFitError, ValidationError
from neurodeploy.program import (
    Add,
    Attention,
    Concat,
    Conv2d,
    Dense,
    Edge,
    Flatten,
    Input,
    MaxPool2d,
    Multiply,
    Neuron,
    Node,
    Permute,
    Program,
    Reshape,
    Signal,
    Slice,
    SumPool2d,
    Upsample,
)
from neurodeploy.target import with_decoder, with_encoding
from snncore.dynamics import Equations, NumberSystem
from targets.lynxi.package.consistency import require_consistent
from targets.lynxi.package.document import DOCUMENT
from targets.lynxi.package.schema import require_valid
from targets.lynxi.package.tensors import Store
from targets.lynxi.reduced.certificate import Float16Term, terms
from targets.lynxi.reduced.plan import NetworkPlan, plan_of

Entry = Mapping[str, Any]


def read_artifact(artifact: Artifact) -> Program:
    """Return the program in a package.

    Raises:
        ArtifactError: if it is damaged, incomplete, or contradicts itself.
    """
    document, store = document_in(artifact), Store(artifact.files)
    plan = _plan(document, store, artifact.contract)
    require_consistent(artifact, document, plan, store)
    return with_decoder(plan.program, artifact.contract)


def plan_in(artifact: Artifact) -> tuple[NetworkPlan, int]:
    """Return the plan of a package's program, and the steps of its unrolled form.

    Raises:
        ArtifactError: if network.json or weights.bin is damaged.
    """
    document = document_in(artifact)
    return _plan(document, Store(artifact.files), artifact.contract), document["reduced"]["steps"]


def _plan(document: Entry, store: Store, contract: Entry) -> NetworkPlan:
    try:
        nodes = tuple(_READERS[entry["op"]](entry, store) for entry in document["nodes"])
        return plan_of(with_encoding(Program(nodes, document["output"]), contract))
    except (ValidationError, DoesNotFitError, ValueError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{DOCUMENT}: {error}") from error


def document_in(artifact: Artifact) -> dict[str, Any]:
    """Return network.json, checked against its schema.

    Raises:
        ArtifactError: if it is missing, not JSON, or does not conform to the schema.
    """
    content = artifact.files.get(DOCUMENT)
    if content is None:
        raise ArtifactError(f"{artifact.path or 'the package'}: has no {DOCUMENT}")
    try:
        document = strict_json.loads(content)
    except ValueError as error:
        raise ArtifactError(f"{DOCUMENT}: is not JSON: {error}") from error
    require_valid(document, DOCUMENT)
    checked: dict[str, Any] = document
    return checked


def _integers(entry: Entry, name: str, store: Store) -> NDArray[Any]:
    """Return the integers, after comparing them with their float16 values."""
    values = store.array(entry["integers"], name)
    _require_float(entry, values, name, store)
    return values


def _require_float(entry: Entry, values: NDArray[Any], name: str, store: Store) -> None:
    stored = [Float16Term(store.array(term, name), term["power"]) for term in entry["float16"]]
    expected = terms(values)
    pairs = zip(stored, expected, strict=False)
    same = all(a.power == b.power and np.array_equal(a.numbers, b.numbers) for a, b in pairs)
    if not same or len(stored) != len(expected):
        raise ArtifactError(
            f"{name}: the float16 values differ from the integers", remedy="export the model again"
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
    options = (entry["exponent"], entry["shift"], entry["accumulator_bits"])
    return Dense(entry["name"], _source(entry), weight, *options)


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


def _reshape(entry: Entry, store: Store) -> Node:
    return Reshape(entry["name"], _source(entry), tuple(entry["shape"]))


def _permute(entry: Entry, store: Store) -> Node:
    return Permute(entry["name"], _source(entry), tuple(entry["order"]))


def _slice(entry: Entry, store: Store) -> Node:
    part = (entry[key] for key in ("axis", "start", "stop", "step"))
    return Slice(entry["name"], _source(entry), *part)


def _concat(entry: Entry, store: Store) -> Node:
    return Concat(entry["name"], tuple(map(Edge, entry["inputs"])), entry["axis"])


def _upsample(entry: Entry, store: Store) -> Node:
    return Upsample(entry["name"], _source(entry), tuple(entry["factors"]), entry["zeros"])


def _multiply(entry: Entry, store: Store) -> Node:
    return Multiply(entry["name"], tuple(map(Edge, entry["inputs"])), entry["complement"])


def _attention(entry: Entry, store: Store) -> Node:
    return Attention(entry["name"], tuple(map(Edge, entry["inputs"])), entry["heads"])


def _add(entry: Entry, store: Store) -> Node:
    return Add(entry["name"], tuple(map(Edge, entry["inputs"])))


def _sum_pool(entry: Entry, store: Store) -> Node:
    windows = (_pair(entry, "kernel"), _pair(entry, "stride"))
    return SumPool2d(entry["name"], (_source(entry),), *windows)


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
    "reshape": _reshape,
    "permute": _permute,
    "slice": _slice,
    "concat": _concat,
    "upsample": _upsample,
    "multiply": _multiply,
    "attention": _attention,
    "add": _add,
    "sumpool2d": _sum_pool,
    "neuron": _neuron,
}
