"""A link's status as a shape and a class, so that colour is never the only sign."""

from __future__ import annotations

from neurodeploy.report.html.markup import Markup, element
from neurodeploy.report.words import Mark

CLASSES = {
    Mark.EQUAL: "is-equal",
    Mark.WITHIN: "is-equal",
    Mark.DIFFERS: "is-differs",
    Mark.SILENT: "is-not-run",
    Mark.NOT_RUN: "is-not-run",
    Mark.CANNOT: "is-not-asked",
    Mark.NOT_ASKED: "is-not-asked",
}
_STROKES = {
    Mark.EQUAL: "M-4 .5l2.8 2.8L4.2-3",
    Mark.WITHIN: "M-4.4-1.6q2.2-2 4.4 0t4.4 0m-8.8 3.6q2.2-2 4.4 0t4.4 0",
    Mark.DIFFERS: "M-3.2-3.2l6.4 6.4m0-6.4l-6.4 6.4",
    Mark.SILENT: "M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0",
    Mark.NOT_RUN: "M0-4.6v5.4m0 3.2v.6",
    Mark.CANNOT: "M-3.6-3.6l7.2 7.2",
    Mark.NOT_ASKED: "M-3.6 0h7.2",
}


def badge(mark: Mark, x: float = 0, y: float = 0) -> Markup:
    """Return the status as a disc for use within a picture."""
    disc = element("circle", r="9", class_="disc")
    stroke = element("path", d=_STROKES[mark], class_="stroke")
    return element("g", disc, stroke, class_=CLASSES[mark], transform=f"translate({x:g} {y:g})")


def icon(mark: Mark, size: int = 18) -> Markup:
    """Return the status as a separate disc, to stand beside its word."""
    return element(
        "svg", badge(mark), viewBox="-10 -10 20 20", width=size, height=size, aria_hidden="true"
    )


def status(mark: Mark) -> Markup:
    """Return the status as disc and word."""
    return element(
        "span", icon(mark), element("span", mark.value), class_=f"status {CLASSES[mark]}"
    )
