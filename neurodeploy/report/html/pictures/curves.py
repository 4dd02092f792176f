"""A neuron's states over time, in one band each, with its spikes as ticks above them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from neurodeploy.report.html.markup import Markup, element, join, number
from neurodeploy.report.html.pictures.axis import Axis, label, rectangle
from neurodeploy.report.words import shortened

# Heights in pixels: of a band, of the gap below it, of a neuron's name and ticks, between neurons.
BAND, GAP, _HEAD, _APART = 40.0, 8.0, 32.0, 10.0
# Up to this many steps, a curve shows its points, and a spike a line through the bands.
_DOTTED = 48

Series = Sequence[float]


def neuron_curves(
    neurons: Mapping[str, Mapping[str, Series]],
    axis: Axis,
    description: str,
    differs_at: int | None,
) -> Markup:
    """Return the states of a few neurons, with `s` as ticks; a difference is the first neuron's."""
    drawn: list[Markup] = []
    top = 0.0
    for name, values in neurons.items():
        states = {key: series for key, series in values.items() if key != "s"}
        height = _HEAD + len(states) * (BAND + GAP)
        drawn.append(label(name, axis.left, top + 13, "name"))
        for row, (state, series) in enumerate(states.items()):
            y = top + _HEAD + row * (BAND + GAP)
            drawn.append(band(state, {"curve": series}, axis, y, f"c{row % 4}"))
        drawn.append(_ticks(values.get("s", ()), axis, top + _HEAD - 4, height - _HEAD))
        if differs_at is not None and not top:
            drawn.append(beam(differs_at, axis, _HEAD - 12, height - 4))
        top += height + _APART
    labels = axis.labels(top - _APART + 9)
    return axis.picture(top - _APART + 16, description, *drawn, labels)


def band(
    state: str, lines: Mapping[str, Series], axis: Axis, top: float, class_: str | None = None
) -> Markup:
    """Return lines over one range, each with its class; the ends of the range stand beside them."""
    finite = [value for series in lines.values() for value in series if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)

    def height(value: float) -> float:
        # A state that never changes runs through the middle of its band.
        return top + BAND * ((high - value) / (high - low) if high > low else 0.5)

    x = axis.left - 8
    ends = [label(_brief(high), x, top + 8, "side")]
    if high > low:
        ends.append(label(_brief(low), x, top + BAND, "side"))
    zero = f"M{number(axis.left)} {number(height(0))}H{number(axis.right)}"
    return element(
        "g",
        rectangle(axis.left, top, axis.width, BAND, "ground"),
        element("path", d=zero, class_="zero") if low < 0 < high else None,
        *ends,
        label(shortened(state, 12), x, top + BAND / 2 + 4, "state"),
        *(_line([*map(height, series)], axis, side) for side, series in lines.items()),
        class_=class_,
    )


def beam(step: int, axis: Axis, top: float, bottom: float) -> Markup:
    """Return a highlight of one step."""
    width = max(axis.cell, 4.0)
    return rectangle(axis.center(step) - width / 2, top, width, bottom - top, "beam")


def _line(heights: list[float], axis: Axis, class_: str) -> Markup:
    points = [
        f"{number(round(axis.center(step), 1))} {number(round(y, 1))}"
        for step, y in zip(axis.steps, heights, strict=True)
        if math.isfinite(y)
    ]
    drawn = [element("path", d="M" + "L".join(points), class_="line")] if points else []
    if len(axis.steps) <= _DOTTED:
        # A line of length zero with a round end is a dot, in the fewest characters.
        dots = "".join(f"M{point}h0" for point in points)
        drawn.append(element("path", d=dots, class_="dots"))
    return element("g", *drawn, class_=class_)


def _ticks(spikes: Series, axis: Axis, top: float, height: float) -> Markup:
    places = [number(axis.center(axis.steps.start + i)) for i, s in enumerate(spikes) if s]
    marks = "".join(f"M{x} {number(top - 8)}v8" for x in places)
    ticks = element("path", d=marks, class_="tick-mark", stroke_width=number(min(2, axis.cell / 2)))
    if len(axis.steps) > _DOTTED:
        return ticks
    hairs = "".join(f"M{x} {number(top)}v{number(height)}" for x in places)
    return join(element("path", d=hairs, class_="hair"), ticks)


def _brief(value: float) -> str:
    is_whole = value.is_integer() and abs(value) < 10**6
    return f"{int(value):,}" if is_whole else f"{value:.3g}"
