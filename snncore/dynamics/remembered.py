"""Results that follow from equations alone: computed once, kept as long as the equations."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from snncore.dynamics.equations import Equations

P = ParamSpec("P")
R = TypeVar("R")
_ATTRIBUTE = "_remembered"
# The number of results that equations keep; networks ask for a few.
_MOST = 256


def remembered(
    function: Callable[Concatenate[Equations, P], R],
) -> Callable[Concatenate[Equations, P], R]:
    """Return a pure function that computes its result once for equations and other arguments.

    It is kept with the object: equations that are equal may differ in the type of a number, and
    thus in their text. An error is raised every time.
    """

    @wraps(function)
    def once(equations: Equations, /, *args: P.args, **kwargs: P.kwargs) -> R:
        results: dict[Any, R] = vars(equations).setdefault(_ATTRIBUTE, {})
        key = (function, args, tuple(sorted(kwargs.items())))
        if key not in results:
            if len(results) == _MOST:
                results.clear()
            results[key] = function(equations, *args, **kwargs)
        return results[key]

    return once
