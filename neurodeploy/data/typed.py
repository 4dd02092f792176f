"""Type checks of data from a file against the declarations of a dataclass."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from neurodeploy.errors import ValidationError


def build_member(kind: type, members: Mapping[str, Any]) -> Any:
    """Return an instance of a dataclass, built from its members by name.

    Raises:
        ValidationError: if a member is not of the type that the class declares.
        TypeError: if a member is missing, or the class does not have it.
    """
    for name, hint in _hints(kind).items():
        if name in members and not fits(members[name], hint):
            raise ValidationError(
                f"{document_name(kind)}.{name}: {members[name]!r:.80} does not fit"
            )
    return kind(**members)


def document_name(kind: type) -> str:
    """Return the name of a class in documents: its `document_name`, or else its own."""
    return str(vars(kind).get("document_name", kind.__name__))


@lru_cache(maxsize=64)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value has a declared type, including all its parts."""
    origin, parts = _origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in parts)
    if origin is tuple:
        return isinstance(value, tuple) and _members_fit(value, parts)
    if origin is np.ndarray:
        return isinstance(value, np.ndarray)
    if origin is Mapping:
        pairs = value.items() if isinstance(value, dict) else ((None, None),)
        return all(fits(key, parts[0]) and fits(item, parts[1]) for key, item in pairs)
    if hint in (int, float):
        numbers = (int, float) if hint is float else int
        return isinstance(value, numbers) and not isinstance(value, bool)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return value in [member.value for member in hint]
    return isinstance(value, NoneType if hint is None else hint)


def _origin(hint: Any) -> Any:
    """Return the class of a parametrized type, also behind an alias, as NumPy 2.5 has NDArray."""
    origin = get_origin(hint)
    alias = getattr(origin, "__value__", None)
    return origin if alias is None else get_origin(alias)


def _members_fit(values: tuple[Any, ...], parts: tuple[Any, ...]) -> bool:
    if parts[-1:] == (Ellipsis,):
        return all(fits(value, parts[0]) for value in values)
    return len(values) == len(parts) and all(map(fits, values, parts))
