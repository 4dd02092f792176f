"""A neuron's states over time, a band each, and its spikes as ticks above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neurodeploy.report.html.axis import Axis, label, picture
from neurodeploy.report.html.markup import Markup, element, join, number

_BAND, _APART, _HEAD = 40.0, 8.0, 22.0

Series = Sequence[float]


def neuron_curves(
    neurons: Mapping[str, Mapping[str, Series]], axis: Axis, said: str, dotted: bool
) -> Markup:
    """The states of a few neurons, one under the other; `s` is drawn as ticks."""
    drawn, top = [], 0.0
    for name, values in neurons.items():
        states = {key: series for key, series in values.items() if key != "s"}
        height = len(states) * (_BAND + _APART)
        drawn.append(label(name, axis.left, top + 14, "name"))
        drawn.append(_ticks(values.get("s", ()), axis, top + _HEAD - 5, height))
        for place, (state, series) in enumerate(states.items()):
            y = top + _HEAD + place * (_BAND + _APART)
            drawn.append(band(state, [("curve", series)], axis, y, dotted, place))
        top += _HEAD + height
    return picture(axis.right + 12, top + 16, said, *drawn, axis.labels(top + 9))


def band(
    state: str,
    lines: Sequence[tuple[str, Series]],
    axis: Axis,
    top: float,
    dotted: bool,
    colour: int = 0,
) -> Markup:
    """One or two lines over the same range, its ends written beside them."""
    finite = [value for _, series in lines for value in series if np.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    span = (high - low) or 1.0

    def height(value: float) -> float:
        # A state that never moves runs through the middle of its band.
        share = (value - low) / span if high > low else 0.5
        return top + _BAND - share * _BAND

    box = element(
        "rect",
        x=number(axis.left),
        y=number(top),
        width=number(axis.width),
        height=number(_BAND),
        class_="ground",
    )
    zero = None
    if low < 0 < high:
        line = f"M{number(axis.left)} {number(height(0))}H{number(axis.right)}"
        zero = element("path", d=line, class_="zero")
    ends = [label(_short(high), axis.left - 8, top + 8, "side")]
    if high > low:
        ends.append(label(_short(low), axis.left - 8, top + _BAND, "side"))
    paths = []
    for class_, series in lines:
        points = [
            (axis.center(axis.steps.start + i), height(value))
            for i, value in enumerate(series)
            if np.isfinite(value)
        ]
        paths.append(_line(points, class_, dotted))
    named = label(state, axis.left - 8, top + _BAND / 2 + 4, f"state c{colour % 4}")
    return element("g", box, zero, *ends, named, *paths, class_=f"band c{colour % 4}")


def _line(points: list[tuple[float, float]], class_: str, dotted: bool) -> Markup:
    if not points:
        return Markup()
    d = "M" + "L".join(f"{number(round(x, 1))} {number(round(y, 1))}" for x, y in points)
    dots = None
    if dotted:
        # A line of no length with a round end is a dot, in the fewest characters.
        spots = "".join(f"M{number(round(x, 1))} {number(round(y, 1))}h0" for x, y in points)
        dots = element("path", d=spots, class_="dots")
    return element("g", element("path", d=d, class_="line"), dots, class_=class_)


def _ticks(spikes: Series, axis: Axis, top: float, height: float) -> Markup | None:
    steps = [axis.steps.start + i for i, value in enumerate(spikes) if value]
    if not steps:
        return None
    return join(
        element(
            "path",
            d="".join(f"M{number(axis.center(step))} {number(top)}v{height + 3:g}" for step in steps),
            class_="hair",
        ),
        element(
            "path",
            d="".join(f"M{number(axis.center(step))} {number(top - 8)}v8" for step in steps),
            class_="tick-mark",
        ),
    )


def _short(value: float) -> str:
    whole = float(value).is_integer()
    return f"{int(value):,}" if whole and abs(value) < 1e6 else f"{value:.3g}"
