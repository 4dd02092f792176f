"""One method for each kind of layer: an unknown kind meets the method that refuses it."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatchmethod
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


def for_kinds(
    dispatched: singledispatchmethod[Any], *kinds: type[Any]
) -> Callable[[Method], Method]:
    """Return a decorator that registers a method for each of the kinds."""

    def register(method: Method) -> Method:
        for kind in kinds:
            dispatched.register(kind, method)
        return method

    return register
