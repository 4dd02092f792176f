"""The nodes of a graph: the traced network in floats, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.codec import UNWRITTEN
from neurodeploy.data.narrow import Multiples, narrowed_floats, pieces, widened
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
from snncore.dynamics import Equations, NumberSystem, to_integers

Floats = NDArray[np.float64]
# In single precision where that is exact, or as integers.
NarrowFloats = NDArray[np.floating[Any]] | Multiples


@dataclass(frozen=True, eq=False)
class Input(Node):
    """The samples: (T, N, *shape)."""

    shape: Shape

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", checked_shape(self, self.shape))


@dataclass(frozen=True, eq=False)
class Linear(Node):
    """weight @ source + bias; with an exponent, weights are integers times 2**exponent."""

    source: Edge
    weight: Floats = widened(np.float64)
    bias: Floats | None = None
    exponent: int | None = None
    # The width of what integers add up in, where the chip says it.
    accumulator_bits: int | None = None

    def __post_init__(self) -> None:
        _weights(self)
        _finite(self, "bias")
        _check(self, axes=2)

    @property
    def narrow_weight(self) -> NarrowFloats:
        """The weights as they are held."""
        return _held(self)


@dataclass(frozen=True, eq=False)
class Conv2d(Node):
    """A correlation in torch's order: (out, in / groups, height, width)."""

    source: Edge
    weight: Floats = widened(np.float64)
    bias: Floats | None = None
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    exponent: int | None = None
    accumulator_bits: int | None = None

    def __post_init__(self) -> None:
        _weights(self)
        _finite(self, "bias")
        _check(self, axes=4)
        check_pairs(self, stride=1, padding=0, dilation=1)
        divides = self.groups >= 1 and self.narrow_weight.shape[0] % self.groups == 0
        require(divides, f"{self.name}.groups: {self.groups} does not divide the channels")

    @property
    def narrow_weight(self) -> NarrowFloats:
        """The weights as they are held."""
        return _held(self)


@dataclass(frozen=True, eq=False)
class SumPool2d(Node):
    """`weight` times the sum over windows."""

    source: Edge
    kernel: Pair
    stride: Pair
    weight: float = 1.0
    exponent: int | None = None
    accumulator_bits: int | None = None

    def __post_init__(self) -> None:
        check_pairs(self, kernel=1, stride=1)
        require(isfinite(self.weight), f"{self.name}.weight: is NaN or infinite")
        if self.exponent is not None:
            check_exponent(self, self.exponent)


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
class BatchNorm(Node):
    """Every channel times its `scale`, plus its `offset`: a batch norm in evaluation."""

    source: Edge
    scale: Floats
    offset: Floats

    def __post_init__(self) -> None:
        _finite(self, "scale", "offset")
        fits = self.scale.ndim == 1 and self.scale.shape == self.offset.shape
        require(fits, f"{self.name}: {self.scale.shape} and {self.offset.shape} are no channels")


@dataclass(frozen=True, eq=False)
class Flatten(Node):
    """All axes after time and batch as one, in C order."""

    source: Edge


@dataclass(frozen=True, eq=False)
class Delay(Node):
    """What the source was so many steps ago; one number, or one for each channel."""

    source: Edge
    steps: Floats

    def __post_init__(self) -> None:
        _finite(self, "steps")
        whole = bool((self.steps == np.rint(self.steps)).all()) and self.steps.ndim <= 1
        fits = whole and self.steps.size > 0 and 0 <= self.steps.min() <= self.steps.max() < 1 << 20
        require(fits, f"{self.name}.steps: these are no numbers of steps")


@dataclass(frozen=True, eq=False)
class Add(Node):
    """The sum of its terms."""

    terms: tuple[Edge, ...]

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return self.terms


@dataclass(frozen=True, eq=False)
class Neuron(Node):
    """A layer of neurons; with a number system, its parameters are exact in it."""

    source: Edge
    equations: Equations
    parameters: Mapping[str, Floats] = field(default_factory=dict)
    system: NumberSystem | None = None
    exponent: int | None = None
    # Of equations with a second input: what drives that; not written where there is one.
    second: Edge | None = field(default=None, metadata=UNWRITTEN)

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return (self.source,) if self.second is None else (self.source, self.second)

    def __post_init__(self) -> None:
        missing = set(self.equations.parameters) ^ set(self.parameters)
        require(not missing, f"{self.name}: parameters do not match: {sorted(missing)}")
        if self.exponent is not None:
            check_exponent(self, self.exponent)
        if self.system is not None:
            try:
                to_integers(self.equations, self.system)
            except ValueError as error:
                raise ValidationError(f"{self.name}: {error}") from error
        checked = {
            key: _array(self.parameters[key], f"{self.name}.{key}")
            for key in self.equations.parameters
        }
        object.__setattr__(self, "parameters", checked)


def _check(node: Linear | Conv2d, *, axes: int) -> None:
    shape = node.narrow_weight.shape
    require(len(shape) == axes and 0 not in shape, f"{node.name}.weight: {shape} is no shape of it")
    fits = node.bias is None or node.bias.shape == shape[:1]
    require(fits, f"{node.name}.bias: does not fit {shape[0]} outputs")
    if node.exponent is not None:
        check_exponent(node, node.exponent)


def _weights(node: Linear | Conv2d) -> None:
    """Check a node's weights, and hold them in single precision where that is exact."""
    if isinstance(vars(node)["weight"], Multiples):
        return
    held = narrowed_floats(np.asarray(vars(node)["weight"]))
    for piece in pieces(held):
        finite = bool(np.isfinite(piece).all())
        require(finite, f"{node.name}.weight: a value is NaN or infinite")
    object.__setattr__(node, "weight", held)


def _held(node: Linear | Conv2d) -> NarrowFloats:
    held: NarrowFloats = vars(node)["weight"]
    return held


def _finite(node: Node, *names: str) -> None:
    for name in names:
        value = getattr(node, name)
        if value is not None:
            object.__setattr__(node, name, _array(value, f"{node.name}.{name}"))


def _array(values: Any, name: str) -> Floats:
    array = np.array(values, dtype=np.float64, order="C")
    # Adding zero leaves no negative zero, which is equal to zero and written unlike it.
    array += 0.0
    require(bool(np.isfinite(array).all()), f"{name}: a value is NaN or infinite")
    array.setflags(write=False)
    return array
