"""JSON from strangers: only the standard, each key once, numbers and depth within limits."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

# Deeper than anything that we write, and far below Python's own limit.
_DEPTH = 64
# The limit of an integer's digits; the widest integer of equations, of 256 bits, has 78.
_DIGITS = 80


def loads(text: str | bytes) -> Any:
    """Return the value that the text describes.

    Raises:
        ValueError: if it is not JSON in UTF-8, or contains NaN, an infinity, a duplicate key, an
            integer of more than 80 digits, half a character, or more than 64 levels.
    """
    try:
        value = json.loads(
            text.decode("utf-8") if isinstance(text, bytes) else text,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
            object_pairs_hook=_object,
        )
    except RecursionError as error:
        raise ValueError(f"it has more than {_DEPTH} levels") from error
    _check(value, 0)
    return value


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is not a number")


def _float(digits: str) -> float:
    value = float(digits)
    if value - value != 0.0:
        raise ValueError(f"{digits[:_DIGITS]} is too large a number")
    return value


def _int(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"an integer of {len(digits)} digits is too large")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {twice!r:.80} occurs twice")
    return members


def _check(value: Any, depth: int) -> None:
    """Check the depth, and that every text can be written in UTF-8."""
    if isinstance(value, str):
        # Half of a surrogate pair raises a ValueError here.
        _ = value.isascii() or value.encode()
    elif isinstance(value, dict | list):
        if depth == _DEPTH:
            raise ValueError(f"it has more than {_DEPTH} levels")
        for key in value if isinstance(value, dict) else ():
            _check(key, depth + 1)
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, depth + 1)
