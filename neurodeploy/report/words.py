"""The vocabulary of reports: the same in the terminal, in a test log and on the page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from neurodeploy.report.links import EVERY_SPIKE, LayerSummary, Link, Status

if TYPE_CHECKING:
    from neurodeploy.report.report import Report


class Mark(StrEnum):
    """A link's status for the reader, including whether it was requested."""

    EQUAL = "equal"
    WITHIN = "equal within tolerance"
    DIFFERS = "differs"
    SILENT = "equal, but silent"
    NOT_RUN = "not run"
    CANNOT = "cannot"
    NOT_ASKED = "not asked for"


_MARKS = {
    Status.EQUAL: Mark.EQUAL,
    Status.DIFFERS: Mark.DIFFERS,
    Status.SILENT: Mark.SILENT,
    Status.NOT_RUN: Mark.NOT_RUN,
}
NOTHING_SHOWN = "No neuron fired, so nothing was shown: verify with samples that make it fire."


@dataclass(frozen=True)
class Verdict:
    """The whole report in a word, a headline and a sentence."""

    mark: Mark
    word: str
    headline: str
    detail: str


def mark_of(link: Link) -> Mark:
    """Return the link's status; a link that was not requested does not count as missing."""
    if link.status == Status.NOT_RUN and not link.requested:
        return Mark.CANNOT if link.beyond else Mark.NOT_ASKED
    if link.status == Status.EQUAL and link.tolerance:
        return Mark.WITHIN
    return _MARKS[link.status]


def verdict(report: Report) -> Verdict:
    """Return the report's verdict, by its exit code."""
    if report.silent:
        return _silent(report)
    judge = {0: _equal, 1: _differs}.get(report.exit_code, _not_proved)
    return judge(report)


def _silent(report: Report) -> Verdict:
    compared = sum(link.compared for link in report.links if link.requested)
    headline = f"nothing was shown by {counted(compared, 'value')}"
    return Verdict(Mark.SILENT, "Equal, but silent", headline, NOTHING_SHOWN)


def _equal(report: Report) -> Verdict:
    requested = [link for link in report.links if link.requested]
    compared = sum(link.compared for link in requested)
    spikes = sum(link.spikes for link in requested)
    where = counted(len(requested), "link")
    scope = "every bit of" if report.exact else "floats,"
    headline = f"{scope} {counted(compared, 'value')} in {where}" if compared else where
    detail = f"{counted(spikes, 'spike')} among them." if spikes else ""
    if report.exact:
        return Verdict(Mark.EQUAL, "Equal", headline, detail)
    stated = next(link.tolerance for link in report.links if link.tolerance)
    if all((link.reason or "").startswith(EVERY_SPIKE) for link in requested if link.tolerance):
        detail = f"Every spike is equal, of {counted(spikes, 'spike')}."
    detail = f"{detail} The tolerance is {stated}.".strip()
    return Verdict(Mark.WITHIN, "Equal within tolerance", headline, detail)


def _differs(report: Report) -> Verdict:
    differing = [link for link in report.links if link.status == Status.DIFFERS]
    first, others = differing[0], len(differing) - 1
    headline = visible(first.name) + (f", and {counted(others, 'more link')}" if others else "")
    return Verdict(Mark.DIFFERS, "Differs", headline, difference(first))


def _not_proved(report: Report) -> Verdict:
    requested = [link for link in report.links if link.requested]
    missing = [link for link in requested if link.status == Status.NOT_RUN]
    if not missing:
        remedy = "Name a model or a simulator to compare with."
        return Verdict(Mark.NOT_RUN, "Not proved", "no link was asked for", remedy)
    many = f"{len(missing)} of {counted(len(requested), 'link')} were not run"
    headline = f"{visible(missing[0].name)} was not run" if len(missing) == 1 else many
    return Verdict(Mark.NOT_RUN, "Not proved", headline, reason(missing[0]))


def difference(link: Link) -> str:
    """Return a differing link's result in one line."""
    return visible(link.divergence.sentence()) if link.divergence else reason(link)


def reason(link: Link) -> str:
    """Return the reason in one line, or a standard text if there is none."""
    return " ".join(paragraphs(link.reason or "no reason was given"))


def visible(text: object) -> str:
    r"""Return the text in one line, with invisible characters spelled out (`\n`, `\x1b`)."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


def paragraphs(text: object) -> list[str]:
    """Return the text's lines, each visible, without blank ones."""
    lines = (visible(line.expandtabs(4).strip()) for line in str(text).splitlines())
    return [line for line in lines if line]


def last_words(log: str, count: int) -> list[str]:
    """Return the last lines of a simulator's output, which say why it failed."""
    return [visible(line.expandtabs(4)) for line in log.splitlines() if line.strip()][-count:]


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 link`, `2,048 values`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float) -> str:
    """Return a time in a suitable unit, or an empty text if it was not measured."""
    if not math.isfinite(seconds) or seconds <= 0:
        return ""
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def spikes_of(layer: LayerSummary) -> str:
    """Return the number of spikes that leave a layer, or an empty text if values leave it."""
    return f"{layer.spikes:,}" if layer.largest is None else ""


def activity_of(layer: LayerSummary) -> str:
    """Return a layer's spike rate or, if its output is not spikes, how large its values are.

    Neurons that do not fire output their voltages, which are not a rate.
    """
    if layer.largest is not None:
        return f"values up to {layer.largest:.3g}"
    return rate(layer.rate) if layer.spikes else "silent"


def proof_words(report: Report) -> list[str]:
    """Return the heading and a cell for each layer of the column that says what is proved."""
    return ["step", *(layer.proof for layer in report.layers)]


def rate(value: float) -> str:
    """Return the spikes per neuron and step."""
    return f"{value:#.3g}" if math.isfinite(value) else "unknown"


def percent(share: float) -> str:
    """Return a share of one as a percentage."""
    return f"{share * 100:.2f} %" if math.isfinite(share) else "not measured"


def shortened(name: object, limit: int = 32) -> str:
    """Return a name that keeps a table narrow: the middle of a long name is left out."""
    text, half = visible(name), (limit - 3) // 2
    return text if len(text) <= limit else f"{text[:half]}...{text[-half:]}"


def shape_text(shape: tuple[int, ...], times: str = " x ") -> str:
    """Return a layer's shape, one axis after another."""
    return times.join(map(str, shape)) if shape else "1"
