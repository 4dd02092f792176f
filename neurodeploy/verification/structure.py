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
    artifact, wanted = subject.artifact, subject.original.network
    if wanted is not None:
        found = network_difference(wanted, subject.network, foreign=artifact.foreign)
        if found is not None:
            yield found
    if artifact.foreign:
        return
    yield from _hash_differences(artifact, subject.network)
    yield from artifact.edited


def _hash_differences(artifact: Artifact, network: Network) -> Iterator[str]:
    """Yield the layers whose hash in the manifest does not match the files."""
    hashes, told = program_hashes(network), artifact.program.get("nodes", {})
    for name, value in hashes["nodes"].items():
        if told.get(name) != value:
            yield f"{name}: is not what was exported"
    for name in told:
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
    found = artifact_difference(subject.chip, again, artifact)
    if found is None or dict(artifact.tools) == dict(again.tools):
        return (Status.EQUAL if found is None else Status.DIFFERS), found, None
    made = ", ".join(f"{tool} {number}" for tool, number in artifact.tools.items())
    reason = f"{found}; it was written by {made or 'an unknown version'}"
    return Status.NOT_RUN, reason, "export the model again, or verify with that version"


def artifact_difference(chip: Target, expected: Artifact, found: Artifact) -> str | None:
    """Return the first place where an artifact differs from what export writes, or None."""
    for place, told, wanted in (
        ("options", found.options, expected.options),
        ("contract", found.contract, expected.contract),
    ):
        difference = value_difference(place, _plain(wanted), _plain(told))
        if difference is not None:
            return f"manifest.json: {difference}"
    for name in (*expected.files, *found.files):
        if name not in found.files:
            return f"{name}: is missing"
        if name not in expected.files:
            return f"{name}: is not a file of this network"
    differences = (file_difference(chip, name, found, expected) for name in expected.files)
    return next((each for each in differences if each is not None), None)


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def value_difference(place: str, expected: Any, found: Any) -> str | None:
    """Return the first place where two JSON values differ, with both values."""
    if type(expected) is not type(found):
        return f"{place} is {found!r:.80}, not {expected!r:.80}"
    if isinstance(expected, dict):
        for key in (*expected, *found):
            if key not in found:
                return f"{place} lacks {key!r:.80}"
            if key not in expected:
                return f"{place} has {key!r:.80}, which nothing reads"
        pairs = [(f"{place}.{key}", expected[key], found[key]) for key in expected]
    elif isinstance(expected, list):
        if len(expected) != len(found):
            return f"{place} has {len(found)} entries, not {len(expected)}"
        numbered = enumerate(zip(expected, found, strict=True))
        pairs = [(f"{place}[{index}]", *pair) for index, pair in numbered]
    else:
        same = expected == found or (expected != expected and found != found)
        return None if same else f"{place} is {found!r:.80}, not {expected!r:.80}"
    differences = (value_difference(*pair) for pair in pairs)
    return next((each for each in differences if each is not None), None)


def network_difference(wanted: Network, held: Network, *, foreign: bool) -> str | None:
    """Return the first number or field in which two networks differ, with both values.

    A bare file has neither names nor units: it is compared layer by layer in order.
    """
    if len(wanted.nodes) != len(held.nodes):
        return f"{len(wanted.nodes)} layers were exported, and the file has {len(held.nodes)}"
    names = {b.name: a.name for a, b in zip(wanted.nodes, held.nodes, strict=True)}
    for node, found in zip(wanted.nodes, held.nodes, strict=True):
        difference = node_difference(node, _as_told(found, node, names) if foreign else found)
        if difference is not None:
            return difference
    if wanted.output != (names[held.output] if foreign else held.output):
        return f"the output is {held.output}, not {wanted.output}"
    return None


def _as_told(node: Node, wanted: Node, names: Mapping[str, str]) -> Node:
    """Return a bare file's node with the name and the unit of the expected one."""
    changes: dict[str, Any] = {}
    if hasattr(node, "exponent"):
        changes["exponent"] = getattr(wanted, "exponent", 0)
    if isinstance(node, Neuron) and isinstance(wanted, Neuron):
        changes["equations"] = replace(node.equations, name=wanted.equations.name)
        changes["parts"] = wanted.parts
    return renamed(node, names, **changes)


def node_difference(wanted: Node, found: Node) -> str | None:
    """Return the first field in which two nodes differ, with the index if it is an array."""
    if wanted == found:
        return None
    if type(wanted) is not type(found):
        kinds = wanted.kind_name(), found.kind_name()
        return f"{wanted.name}: is a {kinds[1]} in the artifact, not a {kinds[0]}"
    for each in fields(wanted):
        left, right = vars(wanted)[each.name], vars(found)[each.name]
        parts = {each.name: (left, right)}
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            parts = {key: (left.get(key), right.get(key)) for key in (*left, *right)}
        for label, pair in parts.items():
            difference = _part_difference(f"{wanted.name}.{label}", *pair)
            if difference is not None:
                return difference
    return f"{wanted.name}: is another layer in the artifact"


def _part_difference(name: str, wanted: Any, found: Any) -> str | None:
    arrays = np.ndarray | Multiples
    if not isinstance(wanted, arrays) and not isinstance(found, arrays):
        return None if wanted == found else f"{name}: expected {wanted}, got {found}"
    if not isinstance(wanted, arrays) or not isinstance(found, arrays):
        sides = [("no" if side is None else "some") for side in (wanted, found)]
        return f"{name}: expected {sides[0]} values, but the artifact has {sides[1]}"
    one, two = np.asarray(wanted), np.asarray(found)
    if one.shape != two.shape:
        return f"{name}: has another shape in the artifact: {two.shape}, not {one.shape}"
    places = np.argwhere(one != two)
    if not len(places):
        return None
    index = tuple(int(i) for i in places[0])
    return f"{name}{list(index)}: expected {one[index]}, got {two[index]}"
