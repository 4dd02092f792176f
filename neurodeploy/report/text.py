"""A report as a text for the terminal: plain, aligned, the verdict first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from neurodeploy.chips.resources import OnChip
from neurodeploy.report.context import context_rows
from neurodeploy.report.links import Divergence, Link
from neurodeploy.report.on_chip import (
    estimate_lines,
    headline,
    metric_table,
    operation_table,
    spread_lines,
)
from neurodeploy.report.words import (
    Mark,
    activity_of,
    counted,
    difference,
    duration,
    last_words,
    mark_of,
    paragraphs,
    percent,
    proof_words,
    shape_text,
    shortened,
    spikes_of,
    verdict,
    visible,
)

if TYPE_CHECKING:
    from neurodeploy.report.report import Report

WIDTH = 96
# The number of lines of a failed simulator's log that are printed under its link.
_LOG_LINES = 8
_SIGNS = {
    Mark.EQUAL: "=",
    Mark.WITHIN: "~",
    Mark.DIFFERS: "!",
    Mark.SILENT: "o",
    Mark.NOT_RUN: "?",
    Mark.CANNOT: "/",
    Mark.NOT_ASKED: "-",
}


def report_text(report: Report) -> str:
    """Return the report as plain text."""
    outcome = verdict(report)
    blocks = [
        [f"{outcome.word}: {outcome.headline}", *_wrapped(outcome.detail, 2)],
        [visible(report.title), *_links(report)],
        *([f"Difference in {visible(link.name)}", *_difference(link)] for link in report.links),
        ["Accuracy", *_accuracies(report)],
        ["Layers", *_layers(report)],
        [report.on_chip.heading, *_on_chip(report.on_chip)],
        ["Facts", *_facts(report)],
    ]
    # A heading without content is left out; the verdict and the title stay.
    shown = blocks[:2] + [block for block in blocks[2:] if len(block) > 1]
    return "\n\n".join("\n".join(block) for block in shown) + "\n"


def context_table(divergence: Divergence, width: int = WIDTH) -> list[str]:
    """Return the states around the step, a star at each difference, as many steps as fit."""
    rows = context_rows(divergence)
    if not rows:
        return ["No states were recorded around it."]
    steps = divergence.context_steps
    cells = [["step", ""] + [_step(step, divergence.step) for step in steps]]
    for row in rows:
        label = [visible(row.state), row.side]
        cells.append(label + [_value(*pair) for pair in zip(row.values, row.differs, strict=True)])
    columns = _columns_around(cells, divergence, width)
    lines = _aligned(
        [[line[column] for column in columns] for line in cells], "ll" + "r" * len(columns)
    )
    if any(any(row.differs) for row in rows):
        lines.append("* differs")
    return lines


def _columns_around(cells: list[list[str]], divergence: Divergence, width: int) -> list[int]:
    widths = [max(len(line[column]) for line in cells) + 2 for column in range(len(cells[0]))]
    steps = divergence.context_steps
    nearest = sorted(range(len(steps)), key=lambda i: (abs(steps[i] - divergence.step), steps[i]))
    columns, used = [0, 1], widths[0] + widths[1]
    for column in (2 + i for i in nearest):
        used += widths[column]
        if used > width and len(columns) > 2:
            break
        columns.append(column)
    return sorted(columns)


def _step(step: int, marked: int) -> str:
    return f"[{step}]" if step == marked else f"{step} "


def _value(value: float | None, differs: bool) -> str:
    return ("" if value is None else str(value)) + ("*" if differs else " ")


def _links(report: Report) -> list[str]:
    cells = [
        [
            _SIGNS[mark_of(link)],
            shortened(link.name),
            mark_of(link).value,
            counted(link.compared, "value") if link.compared else "",
            counted(link.spikes, "spike") if link.compared else "",
            duration(link.seconds),
        ]
        for link in report.links
    ]
    lines = []
    for link, line in zip(report.links, _aligned(cells, "lllrrr"), strict=True):
        lines += [f"  {line}", *_why(link)]
    return lines


def _why(link: Link) -> list[str]:
    reasons = [part for line in paragraphs(link.reason or "") for part in _wrapped(line, 5)]
    remedies = paragraphs(link.remedy or "")
    printed = [f"     | {line[: WIDTH - 7]}" for line in last_words(link.log, _LOG_LINES)]
    advice = [part for line in remedies for part in _wrapped(f"Remedy: {line}", 5)]
    return reasons + advice + printed


def _difference(link: Link) -> list[str]:
    if link.divergence is None:
        return []
    lines = _wrapped(difference(link), 2)
    count = link.divergence.differing_values
    if count > 1:
        lines.append(f"  The first of {counted(count, 'differing value')}.")
    return [*lines, "", *(f"  {line}" for line in context_table(link.divergence, WIDTH - 2))]


def _accuracies(report: Report) -> list[str]:
    cells = [[visible(name), percent(share)] for name, share in report.accuracies.items()]
    return [f"  {line}" for line in _aligned(cells, "lr")]


def _layers(report: Report) -> list[str]:
    if not report.layers:
        return []
    cells = [["name", "kind", "shape", "neurons", "spikes", "spikes a neuron and step"]]
    for layer in report.layers:
        counts = [f"{layer.neurons:,}", spikes_of(layer), activity_of(layer)]
        cells.append(
            [shortened(layer.name), shortened(layer.kind), shape_text(layer.shape), *counts]
        )
    if any(layer.proof for layer in report.layers):
        cells = [[*row, word] for row, word in zip(cells, proof_words(report), strict=True)]
    return [f"  {line}" for line in _aligned(cells, "lllrrrl")]


def _on_chip(on_chip: OnChip) -> list[str]:
    sentences = [
        line for placed in on_chip.placements for line in (headline(placed), *spread_lines(placed))
    ]
    lines = [line for words in sentences for line in _wrapped(words, 2)]
    if on_chip.operations:
        table = operation_table(on_chip.operations)
        cells: list[Sequence[str]] = [table.headings, *table.rows]
        lines += [""] if lines else []
        lines += [f"  {line}" for line in _aligned(cells, "lrrr")]
    if on_chip.metrics is not None:
        table = metric_table(on_chip.metrics)
        lines += ["", *(f"  {line}" for line in _aligned([table.headings, *table.rows], "lr"))]
    return lines + [part for line in estimate_lines(on_chip) for part in _wrapped(line, 2)]


def _facts(report: Report) -> list[str]:
    cells = [[visible(name), " ".join(paragraphs(fact))] for name, fact in report.facts.items()]
    return [f"  {line}" for line in _aligned(cells, "ll")]


def _aligned(cells: Sequence[Sequence[str]], sides: str) -> list[str]:
    """Return lines with aligned columns, each to its side."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(_set(*each) for each in zip(line, widths, sides, strict=False)).rstrip()
        for line in cells
    ]


def _set(cell: str, width: int, side: str) -> str:
    return cell.rjust(width) if side == "r" else cell.ljust(width)


def _wrapped(text: str, indent: int) -> list[str]:
    lines: Iterable[str] = textwrap.wrap(text, WIDTH - indent, break_long_words=False)
    return [" " * indent + line for line in lines]
