"""A layer's spikes: time to the right, neurons downward, and below them the count per step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.report.html.markup import Markup, element, join, number
from neurodeploy.report.html.pictures.axis import Axis, label, rectangle

_TOP, _BARS = 8.0, 30.0


def raster(
    spikes: NDArray[Any],
    rows: list[int],
    axis: Axis,
    description: str,
    ring: tuple[int, int] | None,
) -> Markup:
    """Return the spikes (steps, neurons) of the chosen neurons, with a ring around one of them."""
    if ring is None and not spikes.any():
        return _silence(axis, description)
    row = min(max(256 / len(rows), 2.0), 16.0)
    bottom = _TOP + row * len(rows)
    shown = spikes[:, rows] != 0
    ground = rectangle(axis.left, _TOP, axis.width, row * len(rows), "ground")
    # A spike fills most of its cell, but stays a mark and not a bar.
    wide = min(0.7, 12 / axis.cell)
    marks = element(
        "path",
        d="".join(f"M{step} {neuron}h{number(wide)}" for step, neuron in np.argwhere(shown)),
        transform=_unit(axis.left + (1 - wide) / 2 * axis.cell, _TOP + row / 2, axis.cell, row),
        class_="spikes",
    )
    counts = np.count_nonzero(spikes, axis=1)
    return axis.picture(
        bottom + 14 + _BARS + 22,
        description,
        ground,
        marks,
        _ring(ring, rows, axis, row) if ring else None,
        _neuron_labels(rows, axis, row),
        _busy(counts, axis, bottom + 14),
        axis.labels(bottom + 14 + _BARS + 15),
        counts=counts.tolist(),
    )


def _silence(axis: Axis, description: str) -> Markup:
    """Return a line for a layer without spikes, which needs no room for its neurons."""
    ground = rectangle(axis.left, _TOP, axis.width, _BARS, "ground")
    words = label("no spikes", axis.left + axis.width / 2, _TOP + _BARS / 2 + 4, "tick")
    ends = axis.labels(_TOP + _BARS + 15)
    return axis.picture(_TOP + _BARS + 22, description, ground, words, ends)


def _ring(ring: tuple[int, int], rows: list[int], axis: Axis, row: float) -> Markup:
    x, y = axis.center(ring[0]), _TOP + (rows.index(ring[1]) + 0.5) * row
    return element("circle", cx=number(x), cy=number(y), r="7", class_="ring")


def _neuron_labels(rows: list[int], axis: Axis, row: float) -> Markup:
    x = axis.left - 8
    ends = [label(rows[0], x, _TOP + min(row, 14) / 2 + 4, "side")]
    if len(rows) > 1:
        ends.append(label(rows[-1], x, _TOP + row * len(rows) - min(row, 14) / 2 + 3, "side"))
    return join(*ends)


def _busy(counts: NDArray[np.int64], axis: Axis, top: float) -> Markup:
    most, base = int(counts.max()), top + _BARS
    line = element(
        "path", d=f"M{number(axis.left)} {number(base)}H{number(axis.right)}", class_="rule"
    )
    bars = "".join(
        f"M{step} 0v{number(-count / most)}" for step, count in enumerate(counts) if most and count
    )
    transform = _unit(axis.left + axis.cell / 2, base, axis.cell, _BARS)
    drawn = element("path", d=bars, transform=transform, class_="busy")
    return join(line, drawn, label(f"{most:,}", axis.left - 8, top + 8, "side"))


def _unit(x: float, y: float, width: float, height: float) -> str:
    """Return a transform that makes a cell the unit, so that marks are short to write."""
    return f"translate({number(x)} {number(y)}) scale({width:.6g} {height:.6g})"
