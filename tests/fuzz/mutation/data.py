"""Plain data, as in JSON or a pickle, with parts replaced, lost, repeated or made extreme."""

from copy import deepcopy
from random import Random
from typing import Any

from tests.fuzz.mutation.raw import EXTREMES
from tests.unit.damage import ODD

_TEXTS = ("", "..", "/etc/passwd", "x" * 300, "\u0000", "training", "forward", "a.b", "é", "1e400")
_FLOATS = (0.0, -0.0, 0.5, 1e-320, 1e30, 1e308, -1e308, float("inf"), float("nan"))


def changed(document: Any, random: Random) -> Any:
    """Return a copy of the data with one to three faults."""
    copy = [deepcopy(document)]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        _change(copy, random)
    return copy[0]


def value(random: Random) -> Any:
    """Return a value that belongs nowhere, or is larger than expected."""
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
    """Change one value below the root, in place; deeper values are likelier."""
    holder, key = somewhere(root, random)
    kind = random.random()
    if kind < 0.5:
        holder[key] = value(random)
    elif kind < 0.6:
        holder[key] = _nudged(holder[key], random)
    elif kind < 0.7 and holder is not root:
        del holder[key]
    elif kind < 0.8 and isinstance(holder, list):
        count = random.choice((1, 1, 3, 200))
        holder[key:key] = [deepcopy(holder[key]) for _ in range(count)]
    elif kind < 0.9:
        # A part from elsewhere: the right sort, at the wrong key.
        other, other_key = somewhere(root, random)
        holder[key] = deepcopy(other[other_key])
    elif isinstance(holder, dict):
        holder[random.choice(("kind", "name", "more", "type", "0"))] = value(random)
    elif isinstance(holder[key], list):
        random.shuffle(holder[key])


def somewhere(root: list[Any], random: Random) -> tuple[Any, Any]:
    """Return a holder below the root and a key in it; the root itself is a list of one."""
    holder: Any = root
    key: Any = 0
    while isinstance(holder[key], dict | list) and holder[key] and random.random() < 0.9:
        holder = holder[key]
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        key = random.choice(keys)
    return holder, key


def _nudged(old: Any, random: Random) -> Any:
    if isinstance(old, bool):
        return not old
    if isinstance(old, int | float):
        return old + random.choice((1, -1)) if random.random() < 0.5 else -old
    if isinstance(old, str):
        cut = random.randrange(len(old) + 1)
        return old[:cut] + random.choice(("", "x", "\udc80", '"', "0" * 400)) + old[cut + 1 :]
    return value(random)
