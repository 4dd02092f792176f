"""The layers of a program as data and as rows: shapes, weights, bits and proved ranges."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurodeploy.data.structure import Node
    from neurodeploy.program import Integers, Neuron, Program, Synapse
    from neurodeploy.program.ranges import Ranges
    from snncore.dynamics.arithmetic.interval import Interval

_HEADINGS = ("layer", "kind", "shape", "size", "values", "bits", "proved ranges")
LAYER_NUMBERS = frozenset({"size", "bits"})


def layers_of(program: Program) -> list[dict[str, Any]]:
    """Return every layer as plain data, in the order of computation."""
    proved = _ranges(program)
    return [_layer(node, program, proved) for node in program.nodes]


def layer_rows(layers: Sequence[dict[str, Any]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the layers as headings and rows of a table."""
    rows: list[tuple[str, ...]] = []
    for layer in layers:
        size = layer.get("weights") or layer.get("neurons")
        ranges = ", ".join(f"{key} {low}..{high}" for key, (low, high) in layer["ranges"].items())
        rows.append(
            (
                layer["name"],
                layer["kind"],
                "x".join(map(str, layer["shape"])),
                "" if size is None else f"{size:,}",
                ", ".join(f"{key} {_span(span)}" for key, span in layer["values"].items()),
                str(layer.get("bits", "")),
                ranges,
            )
        )
    return _HEADINGS, rows


def _layer(node: Node, program: Program, proved: Ranges | None) -> dict[str, Any]:
    from neurodeploy.program import Neuron, Synapse

    shape = program.shapes[node.name]
    head = {"name": node.name, "kind": type(node).__name__.lower(), "shape": list(shape)}
    if isinstance(node, Synapse):
        return head | _synapse(node, proved)
    if isinstance(node, Neuron):
        return head | {"neurons": prod(shape)} | _neurons(node, proved)
    return head | {"values": {}, "ranges": {}}


def _synapse(node: Synapse, proved: Ranges | None) -> dict[str, Any]:
    from snncore.dynamics.arithmetic.interval import ZERO

    low, high = int(node.narrow_weight.min()), int(node.narrow_weight.max())
    ranges = {}
    if proved is not None:
        ranges["sum"] = _pair(node.sum_range(proved.values[node.source.source].hull(ZERO)))
    return {
        "weights": node.narrow_weight.size,
        "bits": _signed_bits(node.narrow_weight),
        "exponent": node.exponent,
        "values": {"weight": [low, high]},
        "ranges": ranges,
    }


def _neurons(node: Neuron, proved: Ranges | None) -> dict[str, Any]:
    states = {} if proved is None else proved.layers[node.name].states
    return {
        "kind": node.equations.name,
        "exponent": node.exponent,
        "values": {
            key: [int(value.min()), int(value.max())] for key, value in node.parameters.items()
        },
        "ranges": {name: _pair(interval) for name, interval in states.items()},
    }


def _ranges(program: Program) -> Ranges | None:
    """Return the range of sums and states, or None if a state has no bound."""
    from neurodeploy.errors import ValidationError
    from neurodeploy.program.ranges import ranges

    try:
        return ranges(program)
    except ValidationError:
        return None


def _pair(interval: Interval) -> list[int]:
    return [interval.low, interval.high]


def _span(span: Sequence[int]) -> str:
    low, high = span
    return str(low) if low == high else f"{low}..{high}"


def _signed_bits(values: Integers) -> int:
    """Return the bits that the values need, with sign but without low bits that are always 0."""
    import numpy as np

    used = int(np.bitwise_or.reduce(values, axis=None))
    zeros = max((used & -used).bit_length() - 1, 0)
    low, high = int(values.min()) >> zeros, int(values.max()) >> zeros
    return max((-low - 1 if low < 0 else low).bit_length(), high.bit_length()) + int(low < 0)
