"""Ranges proved by interval analysis: what every sum and state can become, for any input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Edge, Node
from neurodeploy.errors import ValidationError
from neurodeploy.program.nodes import Conv2d, Dense, Input, Neuron, Signal
from neurodeploy.program.program import Program
from snncore.dynamics.arithmetic.interval import ZERO, Interval, invariant

_BINARY = Interval(0, 1)
_ANY_CURRENT = Interval(1 - (1 << 24), (1 << 24) - 1)

_ROWS = 64


@dataclass(frozen=True)
class LayerRange:
    """What one layer of neurons can hold."""

    # The sum that reaches each of a neuron's inputs in one step.
    drives: dict[str, Interval]
    states: dict[str, Interval]
    # One for every operation of the integer equations.
    operations: tuple[Interval, ...]

    @property
    def drive(self) -> Interval:
        """What can reach any of a neuron's inputs in one step."""
        first, *more = self.drives.values()
        return reduce(Interval.hull, more, first)


@dataclass(frozen=True)
class Ranges:
    """Every node's values and every layer's states."""

    values: dict[str, Interval]
    layers: dict[str, LayerRange]


def ranges(program: Program, inputs: Interval | None = None) -> Ranges:
    """The ranges of a program for inputs within an interval (by default: any).

    Raises:
        ValidationError: if a layer's states have no bound; names the layer.
    """
    values = _Values(program, inputs)
    layers = {node.name: values.layer(node) for node in program.layers}
    return Ranges({node.name: values.of(node.name) for node in program.nodes}, layers)


class _Values:
    """Every node's values, found from what it reads; most neurons are known to spike or not."""

    def __init__(self, program: Program, inputs: Interval | None) -> None:
        self.program, self.inputs = program, inputs
        # None: asked for, and not answered yet.
        self.known: dict[str, Interval | None] = {}
        self.layers: dict[str, LayerRange] = {}

    def layer(self, node: Neuron) -> LayerRange:
        """What a layer can hold."""
        if node.name not in self.layers:
            drives = {
                name: reduce(add, map(self.over, edges), ZERO)
                for name, edges in node.drives.items()
            }
            self.layers[node.name] = layer_range(node, drives)
        return self.layers[node.name]

    def over(self, edge: Edge) -> Interval:
        """What an edge brings; what a delay holds begins at 0."""
        value = self.of(edge.source)
        return value.hull(ZERO) if edge.delay else value

    def of(self, name: str) -> Interval:
        """What a node's value can be.

        Raises:
            ValidationError: if it reads itself with no neurons between.
        """
        if name not in self.known:
            self.known[name] = None
            self.known[name] = self._found(self.program.by_name[name])
        value = self.known[name]
        if value is None:
            raise ValidationError(f"{name}: a loop of weights without neurons has no bound")
        return value

    def _sent(self, node: Neuron) -> Interval:
        """What neurons send that send numbers."""
        return self.layer(node).operations[node.integer_equations.output]

    def _found(self, node: Node) -> Interval:
        if isinstance(node, Neuron):
            return self._sent(node) if node.graded else _BINARY
        if isinstance(node, Input):
            default = _BINARY if node.signal == Signal.SPIKES else _ANY_CURRENT
            return default if self.inputs is None else self.inputs
        value = self.over(node.sources[0])
        late = len(node.sources) > 1
        return _combined(node, value.hull(ZERO) if late else value)


def layer_range(node: Neuron, drives: dict[str, Interval]) -> LayerRange:
    """What a layer can hold when no step drives its inputs beyond these intervals.

    Raises:
        ValidationError: if its states have no bound; names the layer.
    """
    equations = node.integer_equations
    parameters = {
        key: Interval(int(value.min()), int(value.max())) for key, value in node.parameters.items()
    }
    try:
        states, operations = invariant(equations, drives, parameters)
    except ValueError as error:
        raise ValidationError(f"{node.name}: {error}") from error
    return LayerRange(drives, states, operations)


def _combined(node: Node, x: Interval) -> Interval:
    if not isinstance(node, Dense | Conv2d):
        return x
    total = sum_range(node, x)
    if isinstance(node, Dense) and node.shift:
        total = total.map(lambda value: value >> node.shift)
        # Each delay's sum is cut down by itself.
        total = Interval(total.low - len(node.sources) + 1, total.high)
    return total.wrapped(node.accumulator_bits)


def sum_range(node: Dense | Conv2d, x: Interval) -> Interval:
    """What the weighted sum can be before it is shifted and stored."""
    flat = node.narrow_weight.reshape(node.narrow_weight.shape[0], -1)
    kind = _sum_type(flat, x)
    # A padded window sees fewer inputs, so zero belongs to every sum.
    low = high = 0
    # Some rows at a time, which stay in the processor's cache.
    for start in range(0, len(flat), _ROWS):
        rows = flat[start : start + _ROWS]
        positive = np.maximum(rows, 0).sum(axis=1, dtype=kind)
        negative = np.minimum(rows, 0).sum(axis=1, dtype=kind)
        low = min(low, int((positive * x.low + negative * x.high).min(initial=0)))
        high = max(high, int((positive * x.high + negative * x.low).max(initial=0)))
    return Interval(low, high)


def _sum_type(weight: NDArray[Any], x: Interval) -> Any:
    """Return the type that holds every sum: 64 bits, or integers of any size where those wrap."""
    if weight.size == 0:
        return np.int64
    largest = max(-int(weight.min()), int(weight.max()))
    # Twice, since what is positive and what is negative are added.
    reached = 2 * largest * weight.shape[1] * max(x.largest(), 1)
    return np.int64 if reached < 1 << 63 else object
