"""Selections: nodes whose values are some of their sources', moved, without numbers of their own.

Their fields, checks and shapes stand here once for graphs and programs. `select` says what a kind
means on arrays (N, ...); `spelled` says the same in five words, which every language has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import prod
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.shapes import read_shape, window_shape
from neurodeploy.data.structure import (
    Edge,
    Node,
    Pair,
    Shape,
    check_pairs,
    check_window_padding,
    require,
)

Array = NDArray[Any]
# A node that makes values more numerous makes no more than these: a short text must not take
# all memory.
_MOST_VALUES = 1 << 28
Value = TypeVar("Value")


class Words(Protocol[Value]):
    """The words of a language that moves values; axes and shapes are those of one sample."""

    def reshape(self, x: Value, shape: Shape) -> Value:
        """Return the values in C order in another shape."""

    def permute(self, x: Value, order: Sequence[int]) -> Value:
        """Return the values with the axes in this order."""

    def slice(self, x: Value, axis: int, part: slice) -> Value:
        """Return a part of an axis; start, stop and step are given."""

    def concat(self, values: Sequence[Value], axis: int) -> Value:
        """Return several values, one after another along an axis."""

    def pad(self, x: Value, axis: int, count: int) -> Value:
        """Return the values and so many zeros behind them along an axis."""


class Selection(Node):
    """The base of selections of graphs and programs."""

    source: Edge
    # Whether the selection of a sum is the sum of the selections.
    additive: ClassVar[bool] = True

    @property
    def form(self) -> tuple[tuple[str, object], ...]:
        """The names and values of the fields beside name and sources."""
        names = [each.name for each in fields(self) if each.name != "name"]
        members = [(name, getattr(self, name)) for name in names]
        return tuple((name, value) for name, value in members if not _is_edge(value))

    @property
    def inserts_zeros(self) -> bool:
        """Whether some values are zero whatever the sources are."""
        return False

    def select(self, *values: Array) -> Array:
        """Return the node's value (N, ...), given those of its sources."""
        raise self.undefined("select")

    def spelled(self, words: Words[Value], values: Sequence[Value], shape: Shape) -> Value:
        """Return the node's value in a language; `shape` is its shape."""
        raise self.undefined("spelled")


def _is_edge(value: object) -> bool:
    several = isinstance(value, tuple) and len(value) > 0
    return isinstance(value[0] if several and isinstance(value, tuple) else value, Edge)


@dataclass(frozen=True, eq=False)
class Flatten(Selection):
    """All axes after time and batch as one, in C order."""

    source: Edge

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return one axis of as many values."""
        return (prod(read_shape(self, inputs)),)

    def select(self, *values: Array) -> Array:
        """Return one axis a sample."""
        return values[0].reshape(len(values[0]), -1)

    def spelled(self, words: Words[Value], values: Sequence[Value], shape: Shape) -> Value:
        """Return one axis a sample."""
        return words.reshape(values[0], (prod(shape),))


@dataclass(frozen=True, eq=False)
class MaxPool2d(Selection):
    """The largest value of every window; a padded value is never the largest."""

    additive: ClassVar[bool] = False

    source: Edge
    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)

    def __post_init__(self) -> None:
        check_pairs(self, kernel=1, stride=1, padding=0)
        check_window_padding(self, self.kernel, self.padding)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of an image of one value a window."""
        shape = read_shape(self, inputs)
        return window_shape(self, shape, self.kernel, self.stride, self.padding)


@dataclass(frozen=True, eq=False)
class Reshape(Selection):
    """The values of a sample in another shape, in C order."""

    source: Edge
    shape: Shape

    def __post_init__(self) -> None:
        require(_all_at_least(self.shape, 1), f"{self.name}.shape: {self.shape} is not a shape")

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape, which has as many values as the source's."""
        shape = read_shape(self, inputs)
        words = f"{self.name}: {shape} does not divide into {self.shape}"
        require(prod(shape) == prod(self.shape), words, remedy="reshape to as many values")
        return self.shape

    def select(self, *values: Array) -> Array:
        """Return every sample in the shape."""
        return values[0].reshape(len(values[0]), *self.shape)

    def spelled(self, words: Words[Value], values: Sequence[Value], shape: Shape) -> Value:
        """Return every sample in the shape."""
        return words.reshape(values[0], self.shape)


@dataclass(frozen=True, eq=False)
class Permute(Selection):
    """The axes of a sample in another order."""

    source: Edge
    order: Shape

    def __post_init__(self) -> None:
        fits = sorted(self.order) == list(range(len(self.order)))
        require(fits, f"{self.name}.order: {self.order} is not an order of axes")

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the source's lengths in the order."""
        shape = read_shape(self, inputs)
        words = f"{self.name}: orders {len(self.order)} axes and is given {shape}"
        require(len(shape) == len(self.order), words)
        return tuple(shape[axis] for axis in self.order)

    def select(self, *values: Array) -> Array:
        """Return every sample with its axes in the order."""
        return values[0].transpose(0, *(axis + 1 for axis in self.order))

    def spelled(self, words: Words[Value], values: Sequence[Value], shape: Shape) -> Value:
        """Return every sample with its axes in the order."""
        return words.permute(values[0], self.order)


@dataclass(frozen=True, eq=False)
class Slice(Selection):
    """A part of one axis: every `step`-th value from `start` to before `stop`."""

    source: Edge
    axis: int
    start: int
    stop: int
    step: int = 1

    def __post_init__(self) -> None:
        part = f"{self.start}:{self.stop}:{self.step}"
        fits = 0 <= self.start < self.stop and self.step > 0 and self.axis >= 0
        require(fits, f"{self.name}: {part} of axis {self.axis} is not a part of an axis")

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the source's shape with a shorter axis."""
        shape = read_shape(self, inputs)
        fits = self.axis < len(shape) and self.stop <= shape[self.axis]
        words = f"{self.name}: takes {self.start}:{self.stop} of axis {self.axis} of {shape}"
        require(fits, words, remedy="take a part that the axis has")
        length = len(range(self.start, self.stop, self.step))
        return (*shape[: self.axis], length, *shape[self.axis + 1 :])

    def select(self, *values: Array) -> Array:
        """Return the part of every sample."""
        return values[0][(slice(None),) * (self.axis + 1) + (self._part,)]

    def spelled(self, words: Words[Value], values: Sequence[Value], shape: Shape) -> Value:
        """Return the part of every sample."""
        return words.slice(values[0], self.axis, self._part)

    @property
    def _part(self) -> slice:
        return slice(self.start, self.stop, self.step)


@dataclass(frozen=True, eq=False)
class Concat(Selection):
    """Several values, one after another along an axis."""

    inputs: tuple[Edge, ...]
    axis: int = 0

    def __post_init__(self) -> None:
        fits = len(self.inputs) > 0 and self.axis >= 0
        require(fits, f"{self.name}: joins {len(self.inputs)} values along axis {self.axis}")

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return self.inputs

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the sources' shape, as long along the axis as all together."""
        words = f"{self.name}: joins a value that comes later"
        require(len(inputs) == len(self.inputs), words, remedy="join values of the same step")
        rest = {(*shape[: self.axis], *shape[self.axis + 1 :]) for shape in inputs}
        fits = len(rest) == 1 and all(self.axis < len(shape) for shape in inputs)
        words = f"{self.name}: joins values of unlike shapes {list(inputs)} along axis {self.axis}"
        require(fits, words, remedy="give them equal lengths along every other axis")
        length = sum(shape[self.axis] for shape in inputs)
        return _few(self, (*inputs[0][: self.axis], length, *inputs[0][self.axis + 1 :]))

    def select(self, *values: Array) -> Array:
        """Return the values of every sample, one after another."""
        return np.concatenate(values, axis=self.axis + 1)

    def spelled(self, words: Words[Value], values: Sequence[Value], shape: Shape) -> Value:
        """Return the values of every sample, one after another."""
        return words.concat(values, self.axis)


@dataclass(frozen=True, eq=False)
class Upsample(Selection):
    """Every value as often as its axis has a factor, or once and followed by zeros."""

    source: Edge
    factors: Shape
    zeros: bool = False

    def __post_init__(self) -> None:
        fits = _all_at_least(self.factors, 1)
        require(fits, f"{self.name}.factors: {self.factors} are not numbers of 1 or more")

    @property
    def inserts_zeros(self) -> bool:
        """Whether zeros follow the values."""
        return self.zeros

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the source's shape with longer axes."""
        shape = read_shape(self, inputs)
        words = f"{self.name}: has factors for {len(self.factors)} axes and is given {shape}"
        require(len(shape) == len(self.factors), words)
        pairs = zip(shape, self.factors, strict=True)
        return _few(self, tuple(size * factor for size, factor in pairs))

    def select(self, *values: Array) -> Array:
        """Return every sample with longer axes."""
        (x,) = values
        pairs = zip(x.shape[1:], self.factors, strict=True)
        shape = (len(x), *(size * factor for size, factor in pairs))
        if self.zeros:
            result = np.zeros(shape, x.dtype)
            result[(slice(None), *(slice(None, None, factor) for factor in self.factors))] = x
            return result
        for axis, factor in enumerate(self.factors):
            x = np.repeat(x, factor, axis=axis + 1)
        return x

    def spelled(self, words: Words[Value], values: Sequence[Value], shape: Shape) -> Value:
        """Return every sample with longer axes, of which one after another gets its length."""
        (x,), pairs = values, zip(shape, self.factors, strict=True)
        sizes = [size // factor for size, factor in pairs]
        for axis, factor in enumerate(self.factors):
            if factor == 1:
                continue
            # Three axes at most, as some languages have no more.
            before, after = prod(sizes[: axis + 1]), prod(sizes[axis + 1 :])
            x = words.reshape(x, (before, 1, after))
            x = words.pad(x, 1, factor - 1) if self.zeros else words.concat([x] * factor, 1)
            sizes[axis] *= factor
            x = words.reshape(x, tuple(sizes))
        return x


def _few(node: Node, shape: Shape) -> Shape:
    """Return the shape, if it has no more values than memory takes."""
    words = f"{node.name}: would have the shape {shape}, more than {_MOST_VALUES:,} values"
    require(prod(shape) <= _MOST_VALUES, words, remedy="make it smaller")
    return shape


def _all_at_least(values: Sequence[int], lowest: int) -> bool:
    return len(values) > 0 and all(value >= lowest for value in values)
