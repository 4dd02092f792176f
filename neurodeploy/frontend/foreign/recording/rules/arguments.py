"""The arguments of a recorded call by position or by name."""

from __future__ import annotations

from typing import Any

from neurodeploy.frontend.foreign.recording.calls import Call, Ref


def argument(call: Call, index: int, name: str, otherwise: Any = None) -> Any:
    """Return an argument by its position (the value itself is number 0) or its name."""
    return call.args[index] if index < len(call.args) else call.kwargs.get(name, otherwise)


def axis_of(call: Call, axes: int, index: int = 1, name: str = "dim", otherwise: Any = 0) -> Any:
    """Return an axis, counted from the first, or None if it is not one number."""
    dim = argument(call, index, name, call.kwargs.get("axis", otherwise))
    if isinstance(dim, list | tuple) and len(dim) == 1:
        (dim,) = dim
    return dim % axes if type(dim) is int else None


def several(call: Call, name: str) -> tuple[Any, ...]:
    """Return numbers that are given one by one or as a sequence."""
    first = argument(call, 1, name, ())
    return tuple(first) if isinstance(first, list | tuple) else tuple(call.args[1:])


def parts_of(call: Call) -> list[Ref]:
    """Return the values that a call joins."""
    first = call.args[0] if call.args else call.kwargs.get("tensors", ())
    return [each for each in first if isinstance(each, Ref)]
