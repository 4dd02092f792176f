"""One layer of a program as plain data: shape, weights, bits and proved ranges."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.errors import ValidationError
from neurodeploy.program.integers import Integers
from neurodeploy.program.kinds.arithmetic import Arithmetic
from neurodeploy.program.kinds.input import Input
from neurodeploy.program.kinds.neuron import Neuron
from neurodeploy.program.kinds.node import Node
from neurodeploy.program.kinds.selections import Selection
from neurodeploy.program.kinds.synapse import Synapse
from neurodeploy.program.program import Program
from neurodeploy.program.ranges import Ranges, ranges
from snncore.dynamics.arithmetic.interval import ZERO, Interval


def layer_data(node: Node, program: Program, proved: Ranges | None) -> dict[str, Any]:
    """Return a layer as plain data; without ranges where they have no bound."""
    shape = program.shapes[node.name]
    head = {"name": node.name, "kind": node.kind_name().lower(), "shape": list(shape)}
    return head | _DATA(node, program, proved)


def proved_ranges(program: Program) -> Ranges | None:
    """Return the ranges of a program, or none where a state has no bound."""
    try:
        return ranges(program)
    except ValidationError:
        return None


# The data of a layer beside its name, kind and shape.
_DATA = KindTable[[Program, Ranges | None], dict[str, Any]]("the view of layers")


@_DATA.register(Input, Selection, Arithmetic)
def _without_numbers(node: Node, program: Program, proved: Ranges | None) -> dict[str, Any]:
    return {"values": {}, "ranges": {}}


@_DATA.register(Synapse)
def _synapse(node: Synapse, program: Program, proved: Ranges | None) -> dict[str, Any]:
    low, high = int(node.narrow_weight.min()), int(node.narrow_weight.max())
    bounds = {}
    if proved is not None:
        bounds["sum"] = _pair(node.sum_range(proved.values[node.source.source].hull(ZERO)))
    return {
        "weights": node.narrow_weight.size,
        "bits": _signed_bits(node.narrow_weight),
        "exponent": node.exponent,
        "values": {"weight": [low, high]},
        "ranges": bounds,
    }


@_DATA.register(Neuron)
def _neurons(node: Neuron, program: Program, proved: Ranges | None) -> dict[str, Any]:
    states = {} if proved is None else proved.layers[node.name].states
    return {
        "neurons": prod(program.shapes[node.name]),
        "kind": node.equations.name,
        "exponent": node.exponent,
        "values": {
            key: [int(value.min()), int(value.max())] for key, value in node.parameters.items()
        },
        "ranges": {name: _pair(interval) for name, interval in states.items()},
    } | ({} if node.parts is None else {"holds": [part.name for part in node.parts]})


def _pair(interval: Interval) -> list[int]:
    return [interval.low, interval.high]


def _signed_bits(values: Integers) -> int:
    """Return how many bits the values need with their sign, without low bits that are all 0."""
    used = int(np.bitwise_or.reduce(values, axis=None))
    zeros = max((used & -used).bit_length() - 1, 0)
    low, high = int(values.min()) >> zeros, int(values.max()) >> zeros
    return max((-low - 1 if low < 0 else low).bit_length(), high.bit_length()) + int(low < 0)
