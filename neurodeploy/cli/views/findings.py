"""The findings of targets about a program, as data and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.outcome import Block, Line, Tone

if TYPE_CHECKING:
    from neurodeploy.target import Finding

Findings = Sequence["Finding"]
_TONES = {"error": Tone.BAD, "warning": Tone.DOUBTFUL}


def fits(findings: Findings) -> bool:
    """Return whether no finding stops an export."""
    return all(finding.severity.value != "error" for finding in findings)


def as_data(findings: Findings) -> list[dict[str, Any]]:
    """Return the findings as plain data."""
    return [
        {
            "severity": finding.severity.value,
            "node": finding.node,
            "message": finding.message,
            "remedy": finding.remedy,
        }
        for finding in findings
    ]


def as_lines(findings: Findings) -> list[Block]:
    """Return one line per finding."""
    return [
        Line(f"  {finding.severity.value}: {finding}", _TONES[finding.severity.value])
        for finding in findings
    ]


def verdicts(findings_of: Mapping[str, Findings]) -> list[Block]:
    """Return each target's verdict, with its errors and warnings under its name."""
    lines: list[Block] = []
    for name, each in findings_of.items():
        if not fits(each):
            lines.append(Line(f"{name}: does not fit", Tone.BAD))
        elif each:
            lines.append(Line(f"{name}: fits, with warnings", Tone.DOUBTFUL))
        else:
            lines.append(Line(f"{name}: fits", Tone.GOOD))
        lines += as_lines(each)
    return lines
