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
    """One value taken out, doubled, moved, copied from elsewhere, or replaced."""
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
