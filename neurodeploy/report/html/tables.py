"""The page's tables: links, layers and facts; and the accuracies side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from neurodeploy.report.html.icons import status
from neurodeploy.report.html.markup import Markup, element, join, lines
from neurodeploy.report.links import LayerSummary, Link
from neurodeploy.report.words import (
    activity_of,
    duration,
    last_words,
    mark_of,
    percent,
    shape_text,
    spikes_of,
)

if TYPE_CHECKING:
    from neurodeploy.report.report import Report

# A log may be long; its end says why a simulator failed.
_LOG_LINES = 200


def table(caption: str, head: list[str], rows: list[Markup], class_: str) -> Markup:
    """Return a table that scrolls within a narrow screen."""
    cells = (
        element("th", title.lstrip("#"), scope="col", class_="number" if title[:1] == "#" else None)
        for title in head
    )
    body = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *cells)),
        element("tbody", *rows),
        class_=class_,
    )
    return element("div", body, class_="scroll", role="region", aria_label=caption, tabindex="0")


def links_table(links: tuple[Link, ...]) -> Markup:
    """Return every link with what it compared, or why it was not run."""
    head = ["Link", "Status", "#Values", "#Spikes", "#Time"]
    return table("Links", head, [_link(link) for link in links], "links")


def _link(link: Link) -> Markup:
    counts = [f"{link.compared:,}", f"{link.spikes:,}"] if link.compared else ["", ""]
    row = element(
        "tr",
        element("th", link.name, scope="row"),
        element("td", status(mark_of(link))),
        *(element("td", text, class_="number") for text in (*counts, duration(link.seconds))),
    )
    notes = [element("p", lines(link.reason))] if link.reason else []
    if link.remedy:
        remedy = element("strong", "Remedy: ")
        notes.append(element("p", remedy, element("code", lines(link.remedy))))
    if link.log:
        printed = "\n".join(last_words(link.log, _LOG_LINES))
        summary = element("summary", "What the simulator printed")
        notes.append(element("details", summary, element("pre", printed)))
    if not notes:
        return row
    return join(row, element("tr", element("td", *notes, colspan="5"), class_="note"))


def accuracies(report: Report) -> Markup:
    """Return the accuracies side by side, each with its loss against the first."""
    shares = list(report.accuracies.items())
    return element("dl", *(_accuracy(*each, shares[0][1]) for each in shares), class_="tiles")


def _accuracy(name: str, share: float, first: float) -> Markup:
    finite = math.isfinite(share)
    filled = f"width:{min(max(share, 0), 1) * 100:.2f}%" if finite else "width:0"
    points = (share - first) * 100
    change = f"{points:+.2f} points".replace("-", "\N{MINUS SIGN}") if round(points, 2) else ""
    return element(
        "div",
        element("dt", name),
        element("dd", percent(share), class_="figure"),
        element("dd", element("span", style=filled), class_="bar", aria_hidden="true"),
        element("dd", change, class_="change") if finite and change else None,
    )


def layers_table(layers: tuple[LayerSummary, ...]) -> Markup:
    """Return every layer with its spike rate; bars are relative to the busiest layer."""
    head = ["Layer", "Kind", "Shape", "#Neurons", "#Spikes", "Spikes a neuron and step"]
    # Only where proofs were asked for.
    head += ["Step"] * any(layer.proof for layer in layers)
    busiest = max((x.rate for x in layers if math.isfinite(x.rate)), default=0.0) or 1.0
    return table("Layers", head, [_layer(layer, busiest) for layer in layers], "layers")


def _layer(layer: LayerSummary, busiest: float) -> Markup:
    share = max(layer.rate, 0) / busiest if math.isfinite(layer.rate) else 0
    bar = element("span", style=f"width:{share * 100:.1f}%")
    # Values have no rate for a bar to show.
    drawn = [element("span", bar, class_="bar", aria_hidden="true")] * (layer.largest is None)
    return element(
        "tr",
        element("th", layer.name, scope="row"),
        element("td", layer.kind),
        element("td", shape_text(layer.shape, " \N{MULTIPLICATION SIGN} ")),
        element("td", f"{layer.neurons:,}", class_="number"),
        element("td", spikes_of(layer), class_="number"),
        element("td", *drawn, activity_of(layer), class_="rate"),
        element("td", layer.proof) if layer.proof else None,
    )


def facts_table(report: Report) -> Markup:
    """Return the plain facts, unchanged."""
    rows = [
        element("tr", element("th", name, scope="row"), element("td", lines(fact)))
        for name, fact in report.facts.items()
    ]
    return element("table", element("caption", "Facts"), element("tbody", *rows), class_="facts")
