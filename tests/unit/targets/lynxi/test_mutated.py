"""Packages with random changes: either a network that is consistent, or one clear error."""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

from neurodeploy.errors import ArtifactError
from targets.lynxi import target
from tests.unit.targets.lynxi.programs import dense, spikes

PACKAGE = target.compile(dense(leak=32), steps=1)
DOCUMENT = json.loads(PACKAGE.files["network.json"])
VALUES = (
    *(None, True, 0, -1, 1, 2, 7, 1 << 70, -(1 << 70), 1.5, float("nan"), float("inf"), ""),
    *("x", "in", "d", "n", "v", "L1", "int8", "float16", [], {}, [0], [1, 1], [[1]], {"a": 1}),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


PLACES = tuple(places(DOCUMENT))


def member(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def change(document: Any, random: Random) -> None:
    """Take one value out, double it, move it, replace it or copy one from elsewhere."""
    path = random.choice(PLACES)
    holder, key = member(document, path[:-1]), path[-1]
    kind = random.random()
    if kind < 0.15:
        del holder[key]
    elif kind < 0.3 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
        random.shuffle(holder)
    elif kind < 0.45:
        holder[key] = copy.deepcopy(member(DOCUMENT, random.choice(PLACES)))
    else:
        holder[key] = copy.deepcopy(random.choice(VALUES))


def test_mutated_documents_are_consistent_or_refused() -> None:
    random, samples = Random(0), spikes(dense(), 2, 1)
    counted: Counter[str] = Counter()
    for _ in range(400):
        document = copy.deepcopy(DOCUMENT)
        # A second change may be of what the first took away.
        with suppress(LookupError, TypeError):
            change(document, random)
            if random.random() < 0.3:
                change(document, random)
        content = json.dumps(document).encode()
        artifact = replace(PACKAGE, files={**PACKAGE.files, "network.json": content})
        for work in (target.read, lambda each: target.simulate(each, samples)):
            try:
                work(artifact)
                counted["taken"] += 1
            except ArtifactError as error:
                counted["refused"] += 1
                counted["clear"] += 10 < len(str(error)) < 400
    assert counted["taken"] > 50
    assert counted["clear"] == counted["refused"] > 400


def stepped(value: Any) -> Any:
    """Return the value changed by the smallest step, if it is a leaf."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return value + "x" if isinstance(value, str) else None


def test_every_field_is_held_against_the_program_or_is_part_of_it() -> None:
    program, refused, others = dense(leak=32), 0, set()
    for path in PLACES:
        value = stepped(member(DOCUMENT, path))
        if value is None:
            continue
        document = copy.deepcopy(DOCUMENT)
        member(document, path[:-1])[path[-1]] = value
        content = json.dumps(document).encode()
        artifact = replace(PACKAGE, files={**PACKAGE.files, "network.json": content})
        try:
            assert target.read(artifact) != program, path
            assert path[0] == "nodes"
            others.add(path[2])
        except ArtifactError:
            refused += 1
    assert refused > 200
    # What follows from nothing else in the package: it is the program.
    assert others == {"exponent", "accumulator_bits", "number_system"}
