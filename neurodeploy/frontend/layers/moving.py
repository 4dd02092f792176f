"""Layers that move values as selections of a graph, with axes counted from the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from math import prod
from typing import Any

from torch import nn

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge, Shape, require
from neurodeploy.errors import UnsupportedLayerError, ValidationError
from neurodeploy.graph import Node
from snncore import layer


@singledispatch
def moved(module: nn.Module, name: str, source: Edge, shape: Shape) -> Node:
    """Return the selection that moves values of this shape as the layer does.

    Raises:
        UnsupportedLayerError: if there is none.
        ValidationError: if the layer does not fit the shape; names it.
    """
    raise UnsupportedLayerError(f"{name}: {type(module).__name__} cannot be part of a graph")


@moved.register(layer.Slice)
@moved.register(layer.Chunk)
def _(module: Any, name: str, source: Edge, shape: Shape) -> Node:
    axis = _axis(name, module.axis, shape)
    try:
        start, stop, step = module.part(shape[axis])
    except ValueError as error:
        raise ValidationError(f"{name}: {error}", remedy="cut it into unequal parts") from error
    return g.Slice(name, source, axis, start, stop, step)


@moved.register
def _(module: layer.Permute, name: str, source: Edge, shape: Shape) -> Node:
    return g.Permute(name, source, module.order)


@moved.register
def _(module: layer.Transpose, name: str, source: Edge, shape: Shape) -> Node:
    first, second = (_axis(name, axis, shape) for axis in (module.first, module.second))
    order = list(range(len(shape)))
    order[first], order[second] = second, first
    return g.Permute(name, source, tuple(order))


@moved.register
def _(module: layer.Reshape, name: str, source: Edge, shape: Shape) -> Node:
    lengths = module.lengths(shape)
    rest = prod(length for length in lengths if length != -1)
    open_, size = lengths.count(-1), prod(shape)
    fits = open_ <= 1 and rest > 0 and size % rest == 0
    words = f"{name}: {shape} does not divide into {module.shape}"
    require(fits, words, remedy="reshape to as many values")
    return g.Reshape(name, source, tuple(size // rest if n == -1 else n for n in lengths))


@moved.register
def _(module: layer.Upsample, name: str, source: Edge, shape: Shape) -> Node:
    before = len(shape) - len(module.factors)
    words = f"{name}: has factors for {len(module.factors)} axes and is given {shape}"
    require(before >= 0, words)
    return g.Upsample(name, source, (*[1] * before, *module.factors), module.zeros)


def concat(module: layer.Concat, name: str, sources: tuple[Edge, ...], shape: Shape) -> Node:
    """Return the selection that joins several values, of which the first has this shape."""
    return g.Concat(name, sources, _axis(name, module.axis, shape))


def pooled(pool: Callable[[Edge], Node], source: Edge, shape: Shape, axes: int) -> Sequence[Node]:
    """Return the nodes of a pool of images; a line is made an image of one row, and back."""
    if axes == 2:
        return [pool(source)]
    name = pool(source).name
    require(len(shape) == 2, f"{name}: takes (C, L) and is given {shape}")
    before = g.Reshape(f"{name}.image", source, (shape[0], 1, shape[1]))
    windows = pool(Edge(before.name))
    channels, _, length = windows.output_shape([before.shape])
    return [before, windows, g.Reshape(f"{name}.shape", Edge(name), (channels, length))]


def _axis(name: str, axis: int, shape: Shape) -> int:
    fits = -len(shape) <= axis < len(shape)
    require(fits, f"{name}: a sample of shape {shape} has no axis {axis}")
    return axis % len(shape)
