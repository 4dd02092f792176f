"""The nodes of a program: integers, an exponent for what they mean, and nothing left open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import ValidationError
from snncore.dynamics import Equations, NumberSystem, to_integers

Integers = NDArray[np.int64]
Pair = tuple[int, int]
Shape = tuple[int, ...]


class Signal(StrEnum):
    """What an input carries: events of 0 or 1, or an integer current every step."""

    SPIKES = "spikes"
    CURRENT = "current"


@dataclass(frozen=True)
class Edge:
    """Where a value comes from, and how many steps it takes."""

    source: str
    delay: int = 0


@dataclass(frozen=True, eq=False)
class Node:
    """What every node has: a name. Nodes are equal if every field is, arrays by value."""

    name: str

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return ()

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    def __hash__(self) -> int:
        return hash((type(self), self.name))


@dataclass(frozen=True, eq=False)
class Input(Node):
    """The samples, one row a step."""

    shape: Shape
    signal: Signal = Signal.SPIKES


@dataclass(frozen=True, eq=False)
class Dense(Node):
    """acc = weight @ source, then `acc >> shift` (floor): what one step adds to a current."""

    source: Edge
    weight: Integers
    # What one unit means: weight * 2**exponent in the units of training.
    exponent: int = 0
    shift: int = 0
    accumulator_bits: int = 32

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", integers(self.weight, f"{self.name}.weight", 2))
        _require(0 <= self.shift < 32, f"{self.name}.shift: {self.shift} is not in 0..31")

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return (self.source,)


@dataclass(frozen=True, eq=False)
class Conv2d(Node):
    """A two-dimensional correlation in torch's order: (out, in / groups, height, width)."""

    source: Edge
    weight: Integers
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    exponent: int = 0
    accumulator_bits: int = 24

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", integers(self.weight, f"{self.name}.weight", 4))
        for label, low in (("stride", 1), ("padding", 0), ("dilation", 1)):
            pair = getattr(self, label)
            fits = len(pair) == 2 and all(value >= low for value in pair)
            _require(fits, f"{self.name}.{label}: {pair} is not two integers of {low} or more")
        divides = self.groups >= 1 and self.weight.shape[0] % self.groups == 0
        _require(divides, f"{self.name}.groups: {self.groups} does not divide the channels")

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return (self.source,)


@dataclass(frozen=True, eq=False)
class Flatten(Node):
    """All axes after time and batch as one, in C order."""

    source: Edge

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return (self.source,)


@dataclass(frozen=True, eq=False)
class Neuron(Node):
    """One layer of neurons: the sum of its edges drives equations in a number system."""

    inputs: tuple[Edge, ...]
    equations: Equations
    system: NumberSystem
    # Integers that broadcast over the layer's shape: (), (C, 1, 1) or the whole shape.
    parameters: Mapping[str, Integers] = field(default_factory=dict)
    exponent: int = 0

    def __post_init__(self) -> None:
        _require(len(self.inputs) > 0, f"{self.name}: a neuron layer without an input")
        missing = set(self.equations.parameters) ^ set(self.parameters)
        _require(not missing, f"{self.name}: parameters do not match: {sorted(missing)}")
        checked = {
            key: integers(self.parameters[key], f"{self.name}.{key}", None)
            for key in self.equations.parameters
        }
        object.__setattr__(self, "parameters", checked)

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return self.inputs

    @property
    def integer_equations(self) -> Equations:
        """One step in the chip's integers."""
        return to_integers(self.equations, self.system)


Synapse = Dense | Conv2d


def integers(values: Any, name: str, dimensions: int | None) -> Integers:
    """A read-only int64 array of whole numbers.

    Raises:
        ValidationError: if a value is no whole number, or the axes are too many or too few.
    """
    array = np.asarray(values)
    if array.dtype.kind == "f":
        _require(bool(np.isfinite(array).all()), f"{name}: a value is NaN or infinite")
        _require(bool((array == np.rint(array)).all()), f"{name}: a value is no integer")
    else:
        _require(array.dtype.kind in "iub", f"{name}: {array.dtype} is no integer type")
    if dimensions is not None:
        _require(array.ndim == dimensions, f"{name}: {array.ndim} axes instead of {dimensions}")
    result = np.array(array, dtype=np.int64, order="C")
    result.setflags(write=False)
    return result


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        first, second = np.asarray(first), np.asarray(second)
        return first.shape == second.shape and bool((first == second).all())
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(_same(first[k], second[k]) for k in first)
    return bool(first == second)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ValidationError(message)
