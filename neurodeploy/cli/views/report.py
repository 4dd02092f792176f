"""A report on the terminal and in files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.outcome import Block, Line, Tone
from neurodeploy.cli.output import Streams

if TYPE_CHECKING:
    from neurodeploy.report import Report

SILENCE = (
    "no neuron fired, and silence proves nothing: verify with samples that make the network "
    "fire, or with --random and a higher rate"
)
# The exit code of a silent verification under --strict.
SILENT_EXIT = 5
# The signs that the report's text puts before a link, and its words for the verdict.
_TONES = {
    r"Equal: |Equal within tolerance: |  [=~] ": Tone.GOOD,
    r"Differs: |  ! ": Tone.BAD,
    r"Not proved: |Equal, but silent: |  [?o] ": Tone.DOUBTFUL,
    r"  - ": Tone.ASIDE,
    r"\S": Tone.TITLE,
}


def as_data(report: Report) -> dict[str, Any]:
    """Return the report as plain data."""
    document: dict[str, Any] = json.loads(report.to_json())
    return document


def as_lines(report: Report) -> list[Block]:
    """Return the report's text, with the verdict and the links in their colours."""
    return [Line(line, _tone(line)) for line in report.to_text().rstrip("\n").splitlines()]


def warn_of_silence(report: Report, output: Streams) -> None:
    """Warn that a network without spikes proves nothing."""
    if report.silent:
        output.warn(SILENCE)


def exit_code(report: Report, *, strict: bool) -> int:
    """Return the report's exit code; with `strict`, a silent report has its own."""
    return SILENT_EXIT if strict and report.silent else report.exit_code


def require_places(folder: Path | None, junit: Path | None) -> None:
    """Check, as far as possible beforehand, that a report can be written there.

    Raises:
        OutputError: otherwise.
    """
    from neurodeploy.data.files import require_writable
    from neurodeploy.errors import OutputError

    if folder is not None and folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file", remedy="name a folder for the report")
    if folder is not None:
        require_writable(folder)
    if junit is not None and junit.is_dir():
        raise OutputError(f"{junit}: is a folder", remedy="name a file for the JUnit XML")


def write(report: Report, folder: Path | None, junit: Path | None) -> dict[str, str]:
    """Write the requested files, and return their paths.

    Raises:
        OutputError: if it cannot be written.
    """
    from neurodeploy.data.files import write_atomically
    from neurodeploy.report.write import write_report

    places: dict[str, str] = {}
    if folder is not None:
        places["report"] = str(write_report(report, folder))
    if junit is not None:
        write_atomically(junit, lambda file: file.write(report.to_junit().encode()))
        places["junit"] = str(junit)
    return places


def written(places: dict[str, str]) -> list[Block]:
    """Return one line per written file."""
    return [Line(f"{name}: {path}") for name, path in places.items()]


def _tone(line: str) -> Tone:
    return next((tone for sign, tone in _TONES.items() if re.match(sign, line)), Tone.PLAIN)
