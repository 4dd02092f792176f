"""Seeded random programs that move values: joined, cut, permuted, reshaped and repeated.

Spikes are moved between layers, and sums between weights and their neurons.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from neurodeploy.data.structure import Shape
from neurodeploy.program import (
    Concat,
    Conv2d,
    Edge,
    Flatten,
    Input,
    MaxPool2d,
    Neuron,
    Node,
    Permute,
    Program,
    Reshape,
    Signal,
    Slice,
    Synapse,
    Upsample,
)
from quant import chip_format
from tests.conformance.chip_networks import Build
from tests.conformance.networks import Case

# The kinds that no other generator makes.
MOVING = {"Concat", "Permute", "Reshape", "Slice", "Upsample"}
FORMATS = ("lynxi", "int8", "int4", "lynxi", "shift16", "int6")
SHAPES: tuple[Shape, ...] = ((2, 6, 5), (3, 4, 4), (4, 9), (3, 8), (24,), (12,))
_STEPS = (1, 2, 4, 8, 16)
_MOST_VALUES = 160


def moving_case(seed: int, form: str | None = None) -> Case:
    """Return the network of this seed, in the format that is given or comes next."""
    rng = np.random.default_rng([5, seed])
    build = MovingBuild(rng, chip_format(form or FORMATS[seed % len(FORMATS)]))
    build.begin(SHAPES[seed % len(SHAPES)])
    for _ in range(int(rng.integers(1, 4))):
        for _ in range(int(rng.integers(1, 4))):
            build.move()
        build.layer()
    return build.case(f"moving {seed}")


class MovingBuild(Build):
    """Nodes that move what is there already, and layers after them."""

    def begin(self, shape: Shape) -> None:
        """Add the input: spikes."""
        rng = self.rng
        size = (_STEPS[int(rng.integers(len(_STEPS)))], int(rng.integers(1, 4)), *shape)
        self.nodes.append(Input("input", shape, Signal.SPIKES))
        self.inputs = self.values = (rng.random(size) < 0.5).astype(np.int64)

    @property
    def shape(self) -> Shape:
        """The shape of the last node's value."""
        return self.shape_of(self.nodes[-1].name)

    def shape_of(self, name: str) -> Shape:
        """Return the shape of a node's value."""
        return Program(tuple(self.nodes), name).shapes[name]

    def _synapse(self, name: str, source: Edge) -> Synapse:
        synapse = super()._synapse(name, source)
        if isinstance(synapse, Conv2d):
            return replace(synapse, accumulator_bits=self.form.kernel_bits)
        return synapse

    def move(self) -> None:
        """Add a selection of the last value, or of it and an earlier one."""
        self.nodes.append(self.selection(f"move{len(self.nodes)}", self.nodes[-1].name))

    def selection(self, name: str, source: str) -> Node:
        """Return a selection that this value can have."""
        shape, edge = self.shape_of(source), Edge(source)
        kinds = {Concat: self._concat, Slice: self._slice, Upsample: self._upsample}
        others = {Permute: self._permute, Reshape: self._reshape, MaxPool2d: self._pool}
        makes = list((kinds | others).values())
        for index in self.rng.permutation(len(makes)):
            node = makes[index](name, edge, shape)
            if node is not None:
                return node
        return Flatten(name, edge)

    def layer(self) -> None:
        """Add weights, sometimes a move of their sums, and neurons."""
        rng, name = self.rng, f"layer{len(self.nodes)}"
        if len(self.shape) == 2:
            columns = prod(self.shape[1:])
            self.nodes.append(Reshape(f"{name}.image", self._last(), (self.shape[0], 1, columns)))
        self.values = np.zeros((1, 1, *self.shape), np.int64)
        source = self._last()
        drives: list[Any] = [self._synapse(f"{name}.weights", source)]
        self.nodes += drives
        if rng.random() < 0.3:
            again = self._synapse(f"{name}.more", source)
            same = self.shape_of(drives[0].name)
            self.nodes.append(again)
            if self.shape_of(again.name)[1:] == same[1:]:
                drives = [Concat(f"{name}.both", (Edge(drives[0].name), Edge(again.name)))]
                self.nodes += drives
            else:
                self.nodes.pop()
        if rng.random() < 0.5:
            moved = self.selection(f"{name}.moved", drives[0].name)
            if not isinstance(moved, MaxPool2d | Concat):
                drives = [moved]
                self.nodes.append(moved)
        self._neurons(name, drives)

    def case(self, name: str) -> Case:
        """Return the whole network, which ends in neurons."""
        return Case(name, Program(tuple(self.nodes), self.nodes[-1].name), self.inputs)

    def _concat(self, name: str, edge: Edge, shape: Shape) -> Node | None:
        rng, axis = self.rng, int(self.rng.integers(len(shape)))
        if 2 * prod(shape) > _MOST_VALUES:
            return None
        rest = (*shape[:axis], *shape[axis + 1 :])
        fits = [edge.source]
        for node in self.nodes:
            other = self.shape_of(node.name)
            like = len(other) == len(shape) and (*other[:axis], *other[axis + 1 :]) == rest
            if like and isinstance(node, Input | Neuron):
                fits.append(node.name)
        return Concat(name, (edge, Edge(fits[int(rng.integers(len(fits)))])), axis)

    def _slice(self, name: str, edge: Edge, shape: Shape) -> Node | None:
        rng, axis = self.rng, int(self.rng.integers(len(shape)))
        if shape[axis] < 3:
            return None
        start, step = int(rng.integers(0, 2)), int(rng.integers(1, 3))
        return Slice(name, edge, axis, start, int(rng.integers(start + 2, shape[axis] + 1)), step)

    def _upsample(self, name: str, edge: Edge, shape: Shape) -> Node | None:
        factors = tuple(int(each) for each in self.rng.integers(1, 4, len(shape)))
        if prod(shape) * prod(factors) > _MOST_VALUES or max(factors) == 1:
            return None
        return Upsample(name, edge, factors, bool(self.rng.random() < 0.5))

    def _permute(self, name: str, edge: Edge, shape: Shape) -> Node | None:
        order = tuple(int(axis) for axis in self.rng.permutation(len(shape)))
        return Permute(name, edge, order) if len(shape) > 1 else None

    def _reshape(self, name: str, edge: Edge, shape: Shape) -> Node | None:
        size = prod(shape)
        ways = [(a, b) for a in range(1, 13) for b in range(1, 13) if size % (a * b) == 0]
        first, second = ways[int(self.rng.integers(len(ways)))]
        return Reshape(name, edge, (first, second, size // (first * second)))

    def _pool(self, name: str, edge: Edge, shape: Shape) -> Node | None:
        if len(shape) != 3 or min(shape[1:]) < 2:
            return None
        return MaxPool2d(name, edge, (2, 2), (2, 1), (int(self.rng.integers(2)), 0))
