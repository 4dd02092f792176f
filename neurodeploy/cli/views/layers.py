"""The layers of a program as data and as rows: shapes, weights, bits and proved ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurodeploy.program import Program

_HEADINGS = ("layer", "kind", "shape", "size", "values", "bits", "proved ranges")
LAYER_NUMBERS = frozenset({"size", "bits"})


def layers_of(program: Program) -> list[dict[str, Any]]:
    """Return every layer as plain data, in the order of computation."""
    # Imported when there are layers: a command line without them starts without arrays.
    from neurodeploy.program.described import layer_data, proved_ranges

    proved = proved_ranges(program)
    return [layer_data(node, program, proved) for node in program.nodes]


def layer_rows(layers: Sequence[dict[str, Any]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the layers as headings and rows of a table."""
    rows: list[tuple[str, ...]] = []
    for layer in layers:
        size = layer.get("weights") or layer.get("neurons")
        ranges = ", ".join(f"{key} {low}..{high}" for key, (low, high) in layer["ranges"].items())
        rows.append(
            (
                _name(layer),
                layer["kind"],
                "x".join(map(str, layer["shape"])),
                "" if size is None else f"{size:,}",
                ", ".join(f"{key} {_span(span)}" for key, span in layer["values"].items()),
                str(layer.get("bits", "")),
                ranges,
            )
        )
    return _HEADINGS, rows


def _name(layer: dict[str, Any]) -> str:
    """Return a layer's name, and which layers of the network it holds beside relays."""
    holds = layer.get("holds")
    return layer["name"] if holds is None else f"{layer['name']} ({', '.join(holds) or 'relays'})"


def _span(span: Sequence[int]) -> str:
    low, high = span
    return str(low) if low == high else f"{low}..{high}"
