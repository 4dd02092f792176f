"""A report as JUnit XML, with a test case per link: what did not run never passes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from neurodeploy.report.links import Link
from neurodeploy.report.text import context_table
from neurodeploy.report.words import (
    Mark,
    counted,
    difference,
    last_words,
    mark_of,
    paragraphs,
    reason,
    visible,
)

if TYPE_CHECKING:
    from neurodeploy.report.report import Report

# A log may be long; its end says why a simulator failed.
_LOG_LINES = 200
_OUTCOMES = {
    Mark.DIFFERS: "failure",
    Mark.NOT_RUN: "error",
    Mark.SILENT: "skipped",
    Mark.CANNOT: "skipped",
    Mark.NOT_ASKED: "skipped",
}


def report_junit(report: Report) -> str:
    """Return the report as one test suite."""
    cases = [_case(link) for link in report.links]
    if not any(link.requested for link in report.links):
        cases.append(_nothing_asked())
    suite = ET.Element("testsuite", name=visible(report.title), tests=str(len(cases)))
    for outcome, attribute in (
        ("failure", "failures"),
        ("error", "errors"),
        ("skipped", "skipped"),
    ):
        suite.set(attribute, str(sum(case.find(outcome) is not None for case in cases)))
    suite.set("time", f"{sum(_seconds(link) for link in report.links):.3f}")
    if report.facts:
        properties = ET.SubElement(suite, "properties")
        for name, fact in report.facts.items():
            ET.SubElement(properties, "property", name=visible(name), value=visible(fact))
    suite.extend(cases)
    ET.indent(suite)
    return '<?xml version="1.0"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _case(link: Link) -> ET.Element:
    case = ET.Element("testcase", classname="neurodeploy.verify", name=visible(link.name))
    case.set("time", f"{_seconds(link):.3f}")
    mark = mark_of(link)
    if mark in _OUTCOMES:
        message = difference(link) if mark == Mark.DIFFERS else f"{mark}: {reason(link)}"
        outcome = ET.SubElement(case, _OUTCOMES[mark], message=message, type=mark.value)
        outcome.text = _story(link)
    if link.compared:
        seen = f"{counted(link.compared, 'value')} compared, {counted(link.spikes, 'spike')}"
        ET.SubElement(case, "system-out").text = seen
    return case


def _nothing_asked() -> ET.Element:
    case = ET.Element("testcase", classname="neurodeploy.verify", name="verification", time="0.000")
    ET.SubElement(case, "error", message="not proved: no link was asked for", type="not run")
    return case


def _story(link: Link) -> str:
    lines = [difference(link)] if link.divergence else []
    lines += paragraphs(link.reason or "")
    lines += [f"Remedy: {line}" for line in paragraphs(link.remedy or "")]
    if link.log:
        lines += ["", "The simulator printed:", *last_words(link.log, _LOG_LINES)]
    if link.divergence:
        lines += ["", *context_table(link.divergence)]
    return "\n".join(lines).strip()


def _seconds(link: Link) -> float:
    return link.seconds if math.isfinite(link.seconds) and link.seconds > 0 else 0.0
