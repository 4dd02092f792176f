"""Documents damaged at random: something replaced, lost, repeated or added, anywhere."""

from copy import deepcopy
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    float("inf"),
    float("nan"),
    10**30,
    -(2**63),
    "",
    "x",
    "a b",
    "\0",
    [],
    {},
    [1],
    [[[]]],
    ["a", 1],
    {"kind": []},
    {"kind": "Edge"},
    {"kind": "array"},
)


def damaged(document: Any, random: Random) -> Any:
    """Return a copy with one or two faults."""
    copy = deepcopy(document)
    for _ in range(random.choice((1, 1, 2))):
        _damage(copy, random)
    return copy


def _damage(document: Any, random: Random) -> None:
    holder, key = document, None
    inner: Any = document
    while isinstance(inner, dict | list) and inner and (key is None or random.random() < 0.85):
        holder = inner
        key = random.choice(list(inner)) if isinstance(inner, dict) else _index(inner, random)
        inner = holder[key]
    kind = random.random()
    if kind < 0.6:
        holder[key] = deepcopy(random.choice(ODD))
    elif kind < 0.75:
        del holder[key]
    elif isinstance(holder, list):
        holder.insert(key, deepcopy(holder[key]))
    else:
        holder[random.choice(("kind", "name", "more"))] = deepcopy(random.choice(ODD))


def _index(values: list[Any], random: Random) -> int:
    return random.randrange(len(values))
