"""Ranges proved by interval analysis: what every sum and state can become, for any input.

Intervals are arrays, one for each neuron. A state's interval grows until one more step adds
nothing; where that takes too long its bounds are doubled, so the result is sound and found soon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import ValidationError
from neurodeploy.program.interval import Interval, step_intervals
from neurodeploy.program.nodes import Conv2d, Dense, Edge, Flatten, Input, Neuron, Node, Signal
from neurodeploy.program.program import Program

_PLAIN_STEPS = 48
_WIDENED_STEPS = 64


@dataclass(frozen=True)
class LayerRange:
    """What one layer of neurons can hold."""

    layer: str
    # The sum that reaches a neuron in one step.
    drive: Interval
    states: dict[str, Interval]
    # Every operation of the integer equations, smallest and largest value.
    operations: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Ranges:
    """Every node's sums and every layer's states."""

    sums: dict[str, Interval]
    layers: dict[str, LayerRange]


def ranges(program: Program, input_range: tuple[int, int] | None = None) -> Ranges:
    """The ranges of a program for inputs within `input_range` (by default: any)."""
    values: dict[str, Interval] = {}
    layers: dict[str, LayerRange] = {}

    def value(edge: Edge) -> Interval:
        # A loop reads a layer of spikes, which is 0 or 1 whatever it holds; a delay may read 0.
        known = values.get(edge.source, Interval.of(0, 1))
        return known.with_zero() if edge.delay else known

    for node in program.nodes:
        if isinstance(node, Input):
            values[node.name] = Interval.of(*(input_range or _any_input(node)))
        elif isinstance(node, Neuron):
            drive = Interval.of(0, 0)
            for edge in node.inputs:
                drive = drive + value(edge)
            layers[node.name] = _layer(node, drive, program.shapes[node.name])
            values[node.name] = Interval.of(0, 1)
        else:
            values[node.name] = _combined(node, value(node.sources[0]), program)
    return Ranges(values, layers)


def _any_input(node: Input) -> tuple[int, int]:
    return (0, 1) if node.signal == Signal.SPIKES else (1 - (1 << 24), (1 << 24) - 1)


def _combined(node: Node, x: Interval, program: Program) -> Interval:
    if isinstance(node, Flatten):
        if x.low.ndim < 1 or x.low.size == 1:
            return x
        shape = program.shapes[node.sources[0].source]
        return Interval(
            np.broadcast_to(x.low, shape).reshape(-1), np.broadcast_to(x.high, shape).reshape(-1)
        )
    assert isinstance(node, Dense | Conv2d)
    # The hull over the inputs is enough here: spikes are 0 or 1 alike.
    low, high = x.bounds
    flat = node.weight.reshape(node.weight.shape[0], -1)
    positive, negative = np.maximum(flat, 0).sum(axis=1), np.minimum(flat, 0).sum(axis=1)
    # A padded or clipped window sees fewer inputs, so zero belongs to every sum.
    total = Interval(
        np.minimum(positive * low + negative * high, 0),
        np.maximum(positive * high + negative * low, 0),
    )
    if isinstance(node, Dense):
        return total.map(lambda v: v >> node.shift).wrapped(node.accumulator_bits)
    shaped = Interval(total.low[:, None, None], total.high[:, None, None])
    return shaped.wrapped(node.accumulator_bits)


def _layer(node: Neuron, drive: Interval, shape: tuple[int, ...]) -> LayerRange:
    equations = node.integer_equations
    parameters = {key: Interval(value, value) for key, value in node.parameters.items()}
    states = {state: Interval.of(0, 0) for state in equations.states}
    name = equations.inputs[0]
    for step in range(_PLAIN_STEPS + _WIDENED_STEPS):
        following, _ = step_intervals(equations, states, {name: drive}, parameters)
        grown = {state: states[state].hull(following[state]) for state in states}
        if all(grown[state].equals(states[state]) for state in states):
            break
        if step >= _PLAIN_STEPS:
            grown = {state: states[state].widened(grown[state]) for state in states}
        states = grown
    else:
        raise ValidationError(f"{node.name}: the states of {equations.name} have no bound")
    # One step from an invariant is an invariant too, and a tighter one.
    states = {state: following[state].with_zero() for state in states}
    _, operations = step_intervals(equations, states, {name: drive}, parameters)
    return LayerRange(node.name, drive, states, tuple(value.bounds for value in operations))
