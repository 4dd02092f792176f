"""Plain data (what JSON and a pickle hold) with parts replaced, lost, repeated or made extreme."""

from copy import deepcopy
from random import Random
from typing import Any

from tests.fuzz.mutation.raw import EXTREMES
from tests.unit.damage import ODD

_TEXTS = ("", "..", "/etc/passwd", "x" * 300, "\u0000", "training", "forward", "a.b", "é", "1e400")
_FLOATS = (0.0, -0.0, 0.5, 1e-320, 1e30, 1e308, -1e308, float("inf"), float("nan"))


def changed(document: Any, random: Random) -> Any:
    """A copy of the data with one to three things wrong."""
    copy = [deepcopy(document)]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        _change(copy, random)
    return copy[0]


def value(random: Random) -> Any:
    """Something that belongs nowhere, or is larger than anybody expects."""
    kind = random.random()
    if kind < 0.35:
        return random.choice((1, -1)) * random.choice(EXTREMES)
    if kind < 0.45:
        return random.choice(_FLOATS)
    if kind < 0.55:
        return random.choice(_TEXTS)
    if kind < 0.6:
        return [random.choice(EXTREMES)] * random.choice((1, 3, 33, 70, 5000))
    if kind < 0.63:
        return _deep(random.choice((10, 40, 70, 400)), random)
    return deepcopy(random.choice(ODD))


def _deep(levels: int, random: Random) -> Any:
    nested: Any = random.choice((0, "x"))
    for _ in range(levels):
        nested = [nested] if random.random() < 0.8 else {"kind": nested}
    return nested


def _change(root: list[Any], random: Random) -> None:
    """Change something below the root, in place; deeper places are likelier."""
    holder, place = somewhere(root, random)
    kind = random.random()
    if kind < 0.5:
        holder[place] = value(random)
    elif kind < 0.6:
        holder[place] = _nudged(holder[place], random)
    elif kind < 0.7 and holder is not root:
        del holder[place]
    elif kind < 0.8 and isinstance(holder, list):
        count = random.choice((1, 1, 3, 200))
        holder[place:place] = [deepcopy(holder[place]) for _ in range(count)]
    elif kind < 0.9:
        # A part from elsewhere: of the right sort, and in the wrong place.
        other, key = somewhere(root, random)
        holder[place] = deepcopy(other[key])
    elif isinstance(holder, dict):
        holder[random.choice(("kind", "name", "more", "type", "0"))] = value(random)
    elif isinstance(holder[place], list):
        random.shuffle(holder[place])


def somewhere(root: list[Any], random: Random) -> tuple[Any, Any]:
    """A holder below the root and a place in it; the root itself is a list of one."""
    holder: Any = root
    place: Any = 0
    while isinstance(holder[place], dict | list) and holder[place] and random.random() < 0.9:
        holder = holder[place]
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        place = random.choice(keys)
    return holder, place


def _nudged(held: Any, random: Random) -> Any:
    if isinstance(held, bool):
        return not held
    if isinstance(held, int | float):
        return held + random.choice((1, -1)) if random.random() < 0.5 else -held
    if isinstance(held, str):
        cut = random.randrange(len(held) + 1)
        return held[:cut] + random.choice(("", "x", "\udc80", '"', "0" * 400)) + held[cut + 1 :]
    return value(random)
