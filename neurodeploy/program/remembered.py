"""Results that follow from a program alone: computed once, and kept as long as the program is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from neurodeploy.program.program import Program

P = ParamSpec("P")
R = TypeVar("R")
_ATTRIBUTE = "_remembered"


def remembered(
    function: Callable[Concatenate[Program, P], R],
) -> Callable[Concatenate[Program, P], R]:
    """Return a pure function that computes its result once for a program and its other arguments.

    A program is frozen, so that the result cannot become wrong. An error is raised every time.
    """

    @wraps(function)
    def once(program: Program, /, *args: P.args, **kwargs: P.kwargs) -> R:
        results: dict[Any, R] = vars(program).setdefault(_ATTRIBUTE, {})
        key = (function, args, tuple(sorted(kwargs.items())))
        if key not in results:
            results[key] = function(program, *args, **kwargs)
        return results[key]

    return once
