"""The nodes of a program: integers, an exponent for what they mean, and nothing left open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.codec import UNWRITTEN
from neurodeploy.data.narrow import frozen, narrowed, widened
from neurodeploy.data.structure import (
    Edge,
    Node,
    Pair,
    Shape,
    check_exponent,
    check_pairs,
    check_window_padding,
    checked_shape,
    require,
)
from neurodeploy.errors import ValidationError
from snncore.dynamics import Equations, NumberSystem, Op, to_integers
from snncore.dynamics.arithmetic.interval import Interval, invariant

Integers = NDArray[np.int64]
# In the narrowest type that holds them: to be made wider before anything is computed.
NarrowIntegers = NDArray[np.signedinteger[Any]]


class Signal(StrEnum):
    """What an input carries: events of 0 or 1, or an integer current every step."""

    SPIKES = "spikes"
    CURRENT = "current"


@dataclass(frozen=True, eq=False)
class Input(Node):
    """The samples, one row a step."""

    shape: Shape
    signal: Signal = Signal.SPIKES

    def __post_init__(self) -> None:
        object.__setattr__(self, "signal", Signal(self.signal))
        object.__setattr__(self, "shape", checked_shape(self, self.shape))


@dataclass(frozen=True, eq=False)
class Dense(Node):
    """acc = weight @ source, then `acc >> shift` (floor): what one step adds to a current.

    With delays, one for each weight, each delay has a sum of its own over what the source was so
    many steps ago; every one of them is shifted, and then they are added.
    """

    source: Edge
    weight: Integers = widened(np.int64)
    # What one unit means: weight * 2**exponent in the units of training.
    exponent: int = 0
    shift: int = 0
    accumulator_bits: int = 32
    # One for each weight; not written where there are none.
    delays: Integers | None = field(default=None, metadata=UNWRITTEN)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _weights(self, 2))
        require(0 <= self.shift < 32, f"{self.name}.shift: {self.shift} is not in 0..31")
        check_exponent(self, self.exponent)
        _check_accumulator(self, self.accumulator_bits)
        if self.delays is not None:
            object.__setattr__(self, "delays", self._checked_delays(self.delays))

    def _checked_delays(self, given: Integers) -> Integers | None:
        """The delays, or none where every weight's is 0."""
        delays = integers(given, f"{self.name}.delays", 2)
        shape = self.narrow_weight.shape
        require(delays.shape == shape, f"{self.name}.delays: {delays.shape} for weights of {shape}")
        low = int(delays.min(initial=0))
        require(low >= 0, f"{self.name}.delays: {low} steps are before the spike")
        # The weights are held once for each delay.
        held = np.unique(delays).size * delays.size
        words = f"{self.name}.delays: as many different ones would take {held:,} weights"
        require(held <= _MOST_DELAYED, words, remedy="use fewer different delays")
        return delays if delays.any() else None

    @property
    def narrow_weight(self) -> NarrowIntegers:
        """The weights as they are held."""
        return _held(self)

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here: one for each delay, the shortest first."""
        return self._edges

    @cached_property
    def _edges(self) -> tuple[Edge, ...]:
        if self.delays is None:
            return (self.source,)
        late = np.unique(self.delays)
        return tuple(Edge(self.source.source, self.source.delay + int(steps)) for steps in late)

    @cached_property
    def delayed_weights(self) -> tuple[tuple[Edge, NarrowIntegers], ...]:
        """For each delay: the edge, and the weights that read it (0 elsewhere)."""
        if self.delays is None:
            return ((self.source, self.narrow_weight),)
        return tuple(
            (edge, np.where(self.delays == edge.delay - self.source.delay, self.narrow_weight, 0))
            for edge in self._edges
        )


@dataclass(frozen=True, eq=False)
class Conv2d(Node):
    """A two-dimensional correlation in torch's order: (out, in / groups, height, width)."""

    source: Edge
    weight: Integers = widened(np.int64)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    exponent: int = 0
    accumulator_bits: int = 24

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _weights(self, 4))
        check_pairs(self, stride=1, padding=0, dilation=1)
        divides = self.groups >= 1 and self.narrow_weight.shape[0] % self.groups == 0
        require(divides, f"{self.name}.groups: {self.groups} does not divide the channels")
        check_exponent(self, self.exponent)
        _check_accumulator(self, self.accumulator_bits)

    @property
    def narrow_weight(self) -> NarrowIntegers:
        """The weights as they are held."""
        return _held(self)


@dataclass(frozen=True, eq=False)
class MaxPool2d(Node):
    """The largest value of every window; what padding adds is never the largest."""

    source: Edge
    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)

    def __post_init__(self) -> None:
        check_pairs(self, kernel=1, stride=1, padding=0)
        check_window_padding(self, self.kernel, self.padding)


@dataclass(frozen=True, eq=False)
class Flatten(Node):
    """All axes after time and batch as one, in C order."""

    source: Edge


@dataclass(frozen=True, eq=False)
class Neuron(Node):
    """One layer of neurons: the sum of its edges drives equations in a number system.

    Equations with several inputs have a sum for each, and `ports` names the input of every edge.
    """

    inputs: tuple[Edge, ...]
    equations: Equations
    system: NumberSystem
    # Integers that broadcast over the layer's shape: (), (C, 1, 1) or the whole shape.
    parameters: Mapping[str, Integers] = field(default_factory=dict)
    exponent: int = 0
    # One for each edge; not written where the equations have a single input.
    ports: tuple[str, ...] | None = field(default=None, metadata=UNWRITTEN)

    def __post_init__(self) -> None:
        require(len(self.inputs) > 0, f"{self.name}: a neuron layer without an input")
        missing = set(self.equations.parameters) ^ set(self.parameters)
        require(not missing, f"{self.name}: parameters do not match: {sorted(missing)}")
        object.__setattr__(self, "ports", self._checked_ports())
        check_exponent(self, self.exponent)
        try:
            _ = self.integer_equations
        except ValueError as error:
            raise ValidationError(f"{self.name}: {error}") from error
        checked = {
            key: _shared(integers(self.parameters[key], f"{self.name}.{key}", None))
            for key in self.equations.parameters
        }
        object.__setattr__(self, "parameters", checked)

    def _checked_ports(self) -> tuple[str, ...] | None:
        names, given = self.equations.inputs, self.ports
        if given is None:
            count = f"{self.equations.name} has {len(names)} inputs"
            remedy = "name the input of every edge in `ports`"
            require(len(names) == 1, f"{self.name}: {count}", remedy=remedy)
            return None
        fits = len(given) == len(self.inputs) and set(given) == set(names)
        require(fits, f"{self.name}.ports: {given} are not the inputs {names}, one for each edge")
        return tuple(given) if len(names) > 1 else None

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return self.inputs

    @property
    def drives(self) -> dict[str, tuple[Edge, ...]]:
        """For each input of the equations: the edges whose sum it is."""
        (first, *_) = names = self.equations.inputs
        pairs = list(zip(self.ports or [first] * len(self.inputs), self.inputs, strict=True))
        return {name: tuple(edge for port, edge in pairs if port == name) for name in names}

    @cached_property
    def integer_equations(self) -> Equations:
        """One step in the chip's integers."""
        return to_integers(self.equations, self.system)

    @cached_property
    def graded(self) -> bool:
        """Whether what leaves a neuron is a number, and not only whether it fired."""
        equations = self.integer_equations
        if equations.operations[equations.output].op in _FIRING:
            return False
        parameters = {
            key: Interval(int(value.min()), int(value.max()))
            for key, value in self.parameters.items()
        }
        try:
            drives = dict.fromkeys(equations.inputs, _ANYTHING)
            _, operations = invariant(equations, drives, parameters)
        except ValueError:
            return True
        return not operations[equations.output].within(_FIRED)


Synapse = Dense | Conv2d
_MOST_DELAYED = 1 << 30

_FIRING = frozenset({Op.SPIKE, Op.GREATER, Op.GREATER_EQUAL})
_FIRED = Interval(0, 1)
_ANYTHING = Interval(-(1 << 62), 1 << 62)


def _weights(node: Node, axes: int) -> NarrowIntegers:
    """What a node is given as weights, checked, as it holds them."""
    return narrowed(_whole(vars(node)["weight"], f"{node.name}.weight", axes))


def _held(node: Node) -> NarrowIntegers:
    held: NarrowIntegers = vars(node)["weight"]
    return held


def _check_accumulator(node: Node, bits: int) -> None:
    require(2 <= bits <= 62, f"{node.name}.accumulator_bits: {bits} is not in 2..62")


def _shared(values: Integers) -> Integers:
    """A single number where all are the same, so that equal layers are written alike."""
    require(values.size > 0, "a parameter without values")
    first = values.reshape(-1)[0]
    return integers(first, "parameter", None) if (values == first).all() else values


def integers(values: Any, name: str, dimensions: int | None) -> Integers:
    """A read-only int64 array of whole numbers.

    Raises:
        ValidationError: if a value is no whole number, or the axes are too many or too few.
    """
    return frozen(_whole(values, name, dimensions), np.int64)


def _whole(values: Any, name: str, dimensions: int | None) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind == "f":
        require(bool(np.isfinite(array).all()), f"{name}: a value is NaN or infinite")
        require(bool((array == np.rint(array)).all()), f"{name}: a value is no integer")
    else:
        require(array.dtype.kind in "iub", f"{name}: {array.dtype} is no integer type")
    if dimensions is not None:
        require(array.ndim == dimensions, f"{name}: {array.ndim} axes instead of {dimensions}")
    small = array.size == 0 or (array.min() > -(1 << 62) and array.max() < 1 << 62)
    require(bool(small), f"{name}: a value needs more than 62 bits")
    return array
