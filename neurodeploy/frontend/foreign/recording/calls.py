"""A recorded run: the calls of modules and functions, and which value each of them read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Ref:
    """A value of the run by its number; a tensor that is changed gets a new number."""

    number: int


@dataclass(frozen=True)
class Call:
    """A call of a module (by its path) or of a torch function (by its name)."""

    name: str
    is_module: bool
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    # The numbers of the tensors that it returned, or of the one that it changed.
    results: tuple[int, ...]
    line: str
    # The numbers of the states that a module keeps as attributes, by name.
    kept: Mapping[str, int] = field(default_factory=dict)

    @property
    def refs(self) -> tuple[Ref, ...]:
        """The values that it read, in the order of its arguments."""
        return tuple(refs_in((self.args, dict(self.kwargs))))


@dataclass
class Recording:
    """All calls of a run, in order."""

    calls: list[Call] = field(default_factory=list)
    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    # The tensors that do not depend on the input: weights, zeros.
    fixed: dict[int, Tensor] = field(default_factory=dict)
    # What modules returned, and what the whole returned.
    tensors: dict[int, Tensor] = field(default_factory=dict)
    # The input of every call of the module: one, or one a step.
    inputs: list[int] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    # Whether the code made a number of a value.
    measured: bool = False


def refs_in(values: Any) -> Iterator[Ref]:
    """Yield the values in nested lists, tuples and dictionaries."""
    if isinstance(values, Ref):
        yield values
    elif isinstance(values, dict):
        yield from refs_in(list(values.values()))
    elif isinstance(values, list | tuple):
        for value in values:
            yield from refs_in(value)


def tensors_in(values: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested lists, tuples and dictionaries."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, dict):
        yield from tensors_in(list(values.values()))
    elif isinstance(values, list | tuple):
        for value in values:
            yield from tensors_in(value)


def replaced(values: Any, change: Callable[[Tensor], Any]) -> Any:
    """Return nested lists, tuples and dictionaries with every tensor replaced."""
    if isinstance(values, Tensor):
        return change(values)
    if isinstance(values, dict):
        return {key: replaced(value, change) for key, value in values.items()}
    if isinstance(values, list):
        return [replaced(value, change) for value in values]
    if isinstance(values, tuple):
        return tuple(replaced(value, change) for value in values)
    return values
