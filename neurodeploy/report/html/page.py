"""The page: the verdict first, then the evidence for it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from neurodeploy.report.html.icons import CLASSES, icon
from neurodeploy.report.html.markup import Markup, element, join
from neurodeploy.report.html.pictures.activity import activity
from neurodeploy.report.html.pictures.chain import chain_picture
from neurodeploy.report.html.pictures.cores import on_chip_section
from neurodeploy.report.html.pictures.difference import difference_panel
from neurodeploy.report.html.pictures.network import network_picture
from neurodeploy.report.html.tables import accuracies, facts_table, layers_table, links_table
from neurodeploy.report.links import Status
from neurodeploy.report.words import Verdict, verdict

if TYPE_CHECKING:
    from neurodeploy.report.report import Report


def report_html(report: Report) -> str:
    """Return the report as one self-contained page."""
    outcome = verdict(report)
    body = join(
        _head(report, outcome),
        element("main", *_sections(report), **_difference(report)),
        element("footer", element("p", "Only equal counts as proof. Made by neurodeploy.")),
    )
    title = join(f"{outcome.word}: {report.title}")
    page = Template(_resource("page.html"))
    script = _resource("script.js")
    # The page's policy lets this script run, and nothing else.
    digest = b64encode(sha256(script.encode()).digest()).decode()
    parts = {"style": _resource("style.css"), "script": script, "hash": digest}
    return page.substitute(title=title, body=body, **parts)


def _difference(report: Report) -> dict[str, object]:
    """Return what the script needs to know of the first difference."""
    first = report.first_divergence
    if first is None:
        return {}
    return {"data_layer": first.layer, "data_step": first.step, "data_sample": first.sample}


def _head(report: Report, outcome: Verdict) -> Markup:
    heading = element(
        "h1",
        icon(outcome.mark, 40),
        element("span", element("strong", f"{outcome.word}: "), outcome.headline),
    )
    look = "lead caution" if report.silent else "lead"
    detail = element("p", outcome.detail, class_=look) if outcome.detail else None
    title = element("p", report.title, class_="title")
    return element("header", title, heading, detail, class_=CLASSES[outcome.mark])


def _sections(report: Report) -> list[Markup]:
    sections = []
    if report.links:
        chain = element(
            "div",
            chain_picture(report.links),
            class_="scroll",
            tabindex="0",
            role="region",
            aria_label="Chain of links",
        )
        sections.append(_section("Links", join(chain, links_table(report.links))))
    sections += [difference_panel(link) for link in report.links if link.status == Status.DIFFERS]
    if report.accuracies:
        sections.append(_section("Accuracy", accuracies(report)))
    if report.layers:
        sections.append(_section("Layers", layers_table(report.layers)))
    if report.network:
        sections.append(_section("Network", network_picture(report)))
    if report.on_chip.placements or report.on_chip.operations:
        sections.append(_section(report.on_chip.heading, on_chip_section(report.on_chip)))
    pictures = activity(report)
    if pictures:
        sections.append(_section("Activity", pictures, "activity"))
    if report.facts:
        sections.append(_section("Facts", facts_table(report)))
    return sections


def _section(title: str, content: Markup, class_: str | None = None) -> Markup:
    return element("section", element("h2", title), content, class_=class_)


def _resource(name: str) -> str:
    return files("neurodeploy.report.html").joinpath(name).read_text(encoding="utf-8").strip()
