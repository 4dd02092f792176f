"""The link `program = artifact`: every number, every file and the contract, byte by byte."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.data.narrow import Multiples
from neurodeploy.data.structure import Node, renamed
from neurodeploy.errors import NeurodeployError, PluginError
from neurodeploy.program import Neuron
from neurodeploy.report import Link, Status
from neurodeploy.target import Target, checked_options
from neurodeploy.verification.files import file_difference
from neurodeploy.verification.meaning import Meaning
from neurodeploy.verification.subject import Network, Subject


def structure(subject: Subject, meaning: Meaning) -> Link:
    """Return the link between the network and the artifact's files."""
    name = f"{meaning.noun} = artifact"
    started, artifact = time.perf_counter(), subject.artifact
    if artifact.foreign and subject.original.network is None:
        return Link(
            name,
            Status.NOT_RUN,
            reason="a bare file has no manifest, and no model was given",
            remedy="--model",
            requested=False,
        )
    reason, remedy = next(_differences(subject), None), None
    status = Status.EQUAL if reason is None else Status.DIFFERS
    if reason is None and not artifact.foreign:
        status, reason, remedy = _written_again(subject, meaning)
    count, seconds = subject.network.parameter_count(), time.perf_counter() - started
    return Link(name, status, count, seconds=seconds, reason=reason, remedy=remedy)


def _differences(subject: Subject) -> Iterator[str]:
    """Yield the differences to report; those that name a number come first."""
    artifact, expected = subject.artifact, subject.original.network
    if expected is not None:
        difference = network_difference(expected, subject.network, foreign=artifact.foreign)
        if difference is not None:
            yield difference
    if artifact.foreign:
        return
    yield from _hash_differences(artifact, subject.network)
    yield from artifact.edited


def _hash_differences(artifact: Artifact, network: Network) -> Iterator[str]:
    """Yield the layers whose hash in the manifest does not match the files."""
    hashes, recorded = program_hashes(network), artifact.program.get("nodes", {})
    for name, value in hashes["nodes"].items():
        if recorded.get(name) != value:
            yield f"{name}: is not what was exported"
    for name in recorded:
        if name not in hashes["nodes"]:
            yield f"{name}: is not in the files"
    if hashes["sha256"] != artifact.program.get("sha256"):
        yield "the network: is not what was exported"


def _written_again(subject: Subject, meaning: Meaning) -> tuple[Status, str | None, str | None]:
    """Compare the artifact with what export writes for the network in its files."""
    artifact = subject.artifact
    try:
        options = checked_options(subject.chip, artifact.options)
        again = meaning.written(subject.chip, subject.network, options)
    except PluginError:
        raise
    except (NeurodeployError, TypeError, ValueError) as error:
        reason = f"the files hold a network that export does not write: {error}"
        return Status.DIFFERS, reason, None
    difference = artifact_difference(subject.chip, again, artifact)
    if difference is None or dict(artifact.tools) == dict(again.tools):
        return (Status.EQUAL if difference is None else Status.DIFFERS), difference, None
    versions = ", ".join(f"{tool} {number}" for tool, number in artifact.tools.items())
    reason = f"{difference}; it was written by {versions or 'an unknown version'}"
    return Status.NOT_RUN, reason, "export the model again, or verify with that version"


def artifact_difference(chip: Target, expected: Artifact, actual: Artifact) -> str | None:
    """Return the first place where an artifact differs from what export writes, or None."""
    for member, value, reference in (
        ("options", actual.options, expected.options),
        ("contract", actual.contract, expected.contract),
    ):
        difference = value_difference(member, _plain(reference), _plain(value))
        if difference is not None:
            return f"manifest.json: {difference}"
    for name in (*expected.files, *actual.files):
        if name not in actual.files:
            return f"{name}: is missing"
        if name not in expected.files:
            return f"{name}: is not a file of this network"
    differences = (file_difference(chip, name, actual, expected) for name in expected.files)
    return next((each for each in differences if each is not None), None)


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def value_difference(path: str, expected: Any, actual: Any) -> str | None:
    """Return the first place where two JSON values differ, with both values."""
    if type(expected) is not type(actual):
        return f"{path} is {actual!r:.80}, not {expected!r:.80}"
    if isinstance(expected, dict):
        for key in (*expected, *actual):
            if key not in actual:
                return f"{path} lacks {key!r:.80}"
            if key not in expected:
                return f"{path} has {key!r:.80}, which nothing reads"
        pairs = [(f"{path}.{key}", expected[key], actual[key]) for key in expected]
    elif isinstance(expected, list):
        if len(expected) != len(actual):
            return f"{path} has {len(actual)} entries, not {len(expected)}"
        numbered = enumerate(zip(expected, actual, strict=True))
        pairs = [(f"{path}[{index}]", *pair) for index, pair in numbered]
    else:
        same = expected == actual or (expected != expected and actual != actual)
        return None if same else f"{path} is {actual!r:.80}, not {expected!r:.80}"
    differences = (value_difference(*pair) for pair in pairs)
    return next((each for each in differences if each is not None), None)


def network_difference(expected: Network, actual: Network, *, foreign: bool) -> str | None:
    """Return the first number or field in which two networks differ, with both values.

    A bare file has neither names nor units: it is compared layer by layer in order.
    """
    if len(expected.nodes) != len(actual.nodes):
        return f"{len(expected.nodes)} layers were exported, and the file has {len(actual.nodes)}"
    names = {b.name: a.name for a, b in zip(expected.nodes, actual.nodes, strict=True)}
    for node, layer in zip(expected.nodes, actual.nodes, strict=True):
        difference = node_difference(
            node, _with_expected_names(layer, node, names) if foreign else layer
        )
        if difference is not None:
            return difference
    if expected.output != (names[actual.output] if foreign else actual.output):
        return f"the output is {actual.output}, not {expected.output}"
    return None


def _with_expected_names(node: Node, expected: Node, names: Mapping[str, str]) -> Node:
    """Return a bare file's node with the name and the unit of the expected one."""
    changes: dict[str, Any] = {}
    if hasattr(node, "exponent"):
        changes["exponent"] = getattr(expected, "exponent", 0)
    if isinstance(node, Neuron) and isinstance(expected, Neuron):
        changes["equations"] = replace(node.equations, name=expected.equations.name)
        changes["parts"] = expected.parts
    return renamed(node, names, **changes)


def node_difference(expected: Node, actual: Node) -> str | None:
    """Return the first field in which two nodes differ, with the index if it is an array."""
    if expected == actual:
        return None
    if type(expected) is not type(actual):
        kinds = expected.kind_name(), actual.kind_name()
        return f"{expected.name}: is a {kinds[1]} in the artifact, not a {kinds[0]}"
    for each in fields(expected):
        left, right = vars(expected)[each.name], vars(actual)[each.name]
        parts = {each.name: (left, right)}
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            parts = {key: (left.get(key), right.get(key)) for key in (*left, *right)}
        for label, pair in parts.items():
            difference = _part_difference(f"{expected.name}.{label}", *pair)
            if difference is not None:
                return difference
    return f"{expected.name}: is another layer in the artifact"


def _part_difference(name: str, expected: Any, actual: Any) -> str | None:
    arrays = np.ndarray | Multiples
    if not isinstance(expected, arrays) and not isinstance(actual, arrays):
        return None if expected == actual else f"{name}: expected {expected}, got {actual}"
    if not isinstance(expected, arrays) or not isinstance(actual, arrays):
        sides = [("no" if side is None else "some") for side in (expected, actual)]
        return f"{name}: expected {sides[0]} values, but the artifact has {sides[1]}"
    one, two = np.asarray(expected), np.asarray(actual)
    if one.shape != two.shape:
        return f"{name}: has another shape in the artifact: {two.shape}, not {one.shape}"
    places = np.argwhere(one != two)
    if not len(places):
        return None
    index = tuple(int(i) for i in places[0])
    return f"{name}{list(index)}: expected {one[index]}, got {two[index]}"
