"""A layer's spikes: time to the right, neurons downward, and below how many spike at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.report.html.axis import Axis, label, picture
from neurodeploy.report.html.markup import Markup, element, join, number

_TOP, _BARS = 8.0, 30.0


def raster(
    spikes: NDArray[np.float64], rows: list[int], axis: Axis, said: str, ring: tuple[int, int] | None
) -> Markup:
    """The spikes (steps, neurons) of the chosen neurons, a ring around one step and neuron."""
    row = min(max(192 / len(rows), 2.0), 14.0)
    bottom = _TOP + row * len(rows)
    shown = spikes[:, rows] != 0
    ground = element(
        "rect",
        x=number(axis.left),
        y=number(_TOP),
        width=number(axis.width),
        height=number(row * len(rows)),
        class_="ground",
    )
    marks = element(
        "path",
        d="".join(f"M{step} {neuron}h.7" for step, neuron in np.argwhere(shown)),
        transform=f"translate({axis.left + 0.15 * axis.cell:.6g} {_TOP + row / 2:.6g}) "
        f"scale({axis.cell:.6g} {row:.6g})",
        class_="spikes",
    )
    circle = None
    if ring is not None and ring[1] in rows and ring[0] in axis.steps:
        y = _TOP + (rows.index(ring[1]) + 0.5) * row
        circle = element(
            "circle", cx=number(axis.center(ring[0])), cy=number(y), r="7", class_="ring"
        )
    return picture(
        axis.right + 12,
        bottom + 14 + _BARS + 22,
        said,
        ground,
        marks,
        circle,
        _neuron_labels(rows, axis, row),
        _busy(np.count_nonzero(spikes, axis=1), axis, bottom + 14),
        axis.labels(bottom + 14 + _BARS + 15),
    )


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
    if most == 0:
        return join(line, label("no spikes", axis.left + axis.width / 2, base - 8, "tick"))
    bars = "".join(
        f"M{step} 0v{number(-count / most)}" for step, count in enumerate(counts) if count
    )
    place = f"translate({axis.left + 0.5 * axis.cell:.6g} {base:.6g})"
    drawn = element(
        "path", d=bars, transform=f"{place} scale({axis.cell:.6g} {_BARS:.6g})", class_="busy"
    )
    return join(line, drawn, label(f"{most:,}", axis.left - 8, top + 8, "side"))
