"""The panel of a difference: its location, expected and got, and the states around it."""

from __future__ import annotations

import math

from neurodeploy.report.context import context_rows, context_states
from neurodeploy.report.html.icons import icon
from neurodeploy.report.html.markup import Markup, element, join, lines
from neurodeploy.report.html.pictures.axis import Axis, margin, picture
from neurodeploy.report.html.pictures.curves import band, beam
from neurodeploy.report.html.tables import table
from neurodeploy.report.links import Divergence, Link
from neurodeploy.report.words import Mark, counted, visible


def difference_panel(link: Link) -> Markup:
    """Return a differing link's result as words, table and picture."""
    title = element("h2", icon(Mark.DIFFERS, 22), f"Difference in {link.name}")
    if link.divergence is None:
        words = element("p", lines(link.reason or "no reason was given"))
        return element("section", title, words, class_="difference")
    divergence = link.divergence
    quantity = "spike" if divergence.state == "s" else divergence.state
    values = element(
        "dl",
        _value("Expected", divergence.expected, "expected"),
        _value("Got", divergence.got, "got"),
        class_="versus",
    )
    return element(
        "section",
        title,
        element("div", values, _facts(divergence, quantity), class_="found"),
        _context(divergence),
        class_="difference",
    )


def _value(side: str, value: float, class_: str) -> Markup:
    return element("div", element("dt", side), element("dd", f"{value:,}"), class_=class_)


def _facts(divergence: Divergence, quantity: str) -> Markup:
    index = "(" + ", ".join(map(str, divergence.neuron)) + ")"
    places = [
        ("Layer", divergence.layer),
        ("Value", quantity),
        ("Neuron", index),
        ("Step", divergence.step),
        ("Sample", divergence.sample),
        ("In all", counted(divergence.differing_values, "differing value")),
    ]
    pairs = (element("div", element("dt", name), element("dd", value)) for name, value in places)
    return element("dl", *pairs, class_="place")


def _context(divergence: Divergence) -> Markup:
    if not context_rows(divergence):
        return element("p", "No states were recorded around it.", class_="lead")
    return element("div", _table(divergence), _picture(divergence), class_="context")


def _table(divergence: Divergence) -> Markup:
    head = ["State", "Side", *(f"#{step}" for step in divergence.context_steps)]
    rows = []
    for row in context_rows(divergence):
        cells = []
        for step, value, differs in zip(
            divergence.context_steps, row.values, row.differs, strict=True
        ):
            shown = "" if value is None else f"{value}"
            text = element("mark", shown) if differs and row.side == "got" else shown
            here = "number here" if step == divergence.step else "number"
            cells.append(element("td", text, class_=here))
        side = element("td", row.side, class_="side")
        state = element("th", "spike" if row.state == "s" else row.state, scope="row")
        rows.append(element("tr", state, side, *cells, class_=row.side))
    caption = f"The neuron around step {divergence.step}"
    return table(caption, head, rows, "around")


def _picture(divergence: Divergence) -> Markup | None:
    steps = divergence.context_steps
    if not steps or list(steps) != list(range(steps[0], steps[0] + len(steps))):
        return None
    states, rows, apart = context_states(divergence), context_rows(divergence), 50.0
    axis = Axis(range(steps[0], steps[0] + len(steps)), margin([*states, "spike"]), 412)
    height = len(states) * apart
    bands = []
    for index, state in enumerate(states):
        curves = {
            row.side: [math.nan if value is None else float(value) for value in row.values]
            for row in rows
            if row.state == state
        }
        named = "spike" if state == "s" else state
        bands.append(band(named, curves, axis, 4 + index * apart))
    light = beam(divergence.step, axis, 0, height + 4)
    description = f"States of the neuron around step {divergence.step}, expected and got"
    legend = join(
        element("span", "expected", class_="key expected"), element("span", "got", class_="key got")
    )
    drawing = picture(
        axis.right + 12, height + 22, description, *bands, light, axis.labels(height + 16)
    )
    caption = element("figcaption", legend, f"around step {visible(divergence.step)}")
    return element("figure", drawing, caption)
