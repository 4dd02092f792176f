"""The group `neurodeploy` in a file's metadata: the program itself, beside NIR's floats.

`program` is one JSON document: the nodes in their order, by class and fields. Arrays stand in the
group `integers`, one dataset each, which the document names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data import codec
from neurodeploy.data.narrow import integer_type
from neurodeploy.data.structure import Edge, Node
from neurodeploy.data.typed import build_member
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.program import Program
from targets.nir.file.checked import Group
from targets.nir.file.tree import Tree

GROUP = "neurodeploy"
# A member of every such group, by whose name a file of ours is known.
MARK = "program_sha256"
# This number changes when the same program would be written as another file.
SCHEMA = "1"
# What a step does, for readers of NIR's floats.
CONVENTIONS = {
    "order": "inputs, current, voltage, spike, reset; each reads what this step computed before it",
    "loops": "an edge from a layer of neurons to a node before it waits one step, 0 at first",
    "reset": "in the step of the spike, to v_reset",
    "spikes": "1 in the step of the spike",
    "threshold": "half a unit beside the integer one, so that > and >= agree",
    "step": "forward Euler: v += dt / tau * (v_leak - v + r * i)",
}
# What our own code raises over members that make no sense to it.
_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


def described(program: Program, dt: float) -> Tree:
    """Return the group of a program."""
    integers: dict[str, NDArray[Any]] = {}
    nodes = [_plain(node, number, integers) for number, node in enumerate(program.nodes)]
    document = {"schema": SCHEMA, "output": program.output, "nodes": nodes}
    return {
        "schema": SCHEMA,
        "dt": np.array(dt, dtype=np.float64),
        "conventions": CONVENTIONS,
        "program": codec.dumps(document),
        MARK: program.sha256,
        "integers": integers,
    }


def _plain(node: Node, number: int, integers: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Return a node's class and fields, and enter its arrays."""

    def entered(key: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: entered(f"{key}.{name}", member) for name, member in value.items()}
        array = np.asarray(value) if hasattr(value, "__array__") else None
        if array is None or array.size < 2:
            return value
        name = f"{number}.{key}"
        kind = integer_type(int(array.min()), int(array.max()))
        integers[name] = array.astype(kind, copy=False)
        return {"dataset": name}

    members = {f.name: vars(node)[f.name] for f in fields(node) if codec.is_written(node, f)}
    return {"class": node.kind_name()} | {key: entered(key, v) for key, v in members.items()}


def rebuilt(group: Group) -> tuple[Program, float]:
    """Return the program and the seconds of a step of a file's group.

    Raises:
        ArtifactError: if they are damaged, or of another version.
    """
    schema = group.text("schema")
    if schema != SCHEMA:
        raise ArtifactError(f"was written in format {schema:.20}, not {SCHEMA}")
    dt = group.array("dt")
    if dt.shape != () or dt.dtype != np.float64 or not 0 < float(dt) < np.inf:
        raise ArtifactError("its dt is not the seconds of a step")
    kinds = {kind.__name__: kind for kind in (*Program.members, Edge)}
    try:
        document = codec.loads(group.text("program"), kinds, "a description")
        if document.get("schema") != SCHEMA:
            raise ValidationError(f"a description of schema {document.get('schema')}")
        # A dataset is named once: else a short text could ask for a large one again and again.
        datasets = _datasets(group.group("integers"))
        entries = codec.members(document, "nodes")
        nodes = tuple(_node(dict(each), datasets) for each in entries)
        return Program(nodes, str(document.get("output"))), float(dt)
    except KeyError as error:
        words = f"it names {error}, which is nothing in the file, or named twice"
        raise ArtifactError(f"the file's description is damaged: {words}") from error
    except _DAMAGE as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"the file's description is damaged: {error}") from error


def _datasets(group: Group) -> dict[str, NDArray[Any]]:
    arrays = {name: group.array(name) for name in group.names}
    strange = next((name for name, array in arrays.items() if array.dtype.kind != "i"), None)
    if strange is not None:
        raise ArtifactError(f"{group.path}/{strange}: is not of whole numbers")
    return {name: array.astype(np.int64) for name, array in arrays.items()}


def _node(members: dict[str, Any], datasets: dict[str, NDArray[Any]]) -> Any:
    """Return the node of these members, and remove the datasets that it names."""

    def filled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if value.keys() == {"dataset"}:
            return datasets.pop(value["dataset"])
        return {key: filled(member) for key, member in value.items()}

    class_name = str(members.pop("class"))
    kind = next((each for each in Program.kinds if each.kind_name() == class_name), None)
    if kind is None:
        raise ValidationError(f"{class_name:.80} is not a node of a program")
    return build_member(kind, {key: filled(value) for key, value in members.items()})
