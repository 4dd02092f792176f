"""`neurodeploy demo`: the whole path once, on embedded data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurodeploy.cli.command import command
from neurodeploy.cli.outcome import Line, Outcome, Tone
from neurodeploy.cli.output import Streams
from neurodeploy.cli.undisturbed import load_torch
from neurodeploy.cli.views import report as report_view


@command
def demo(
    output: Streams,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", metavar="T", help="A target; all targets by default."),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder for the model, artifacts and report.")
    ] = Path("demo-output"),
) -> Outcome:
    """Train, export, simulate and verify a small network."""
    from neurodeploy.target import target as find

    for name in target or ():
        find(name)
    report_view.require_places(out, None)
    load_torch()
    from neurodeploy.demo import run_demo, usual_targets

    with output.progress(lasting=True) as say:
        names = list(dict.fromkeys(target or usual_targets(say)))
        report = run_demo(names, out, say)
    report_view.warn_of_silence(report, output)
    page = out / "report.html"
    document = report_view.as_data(report) | {"files": {"report": str(page)}}
    blocks = [*report_view.as_lines(report), Line(""), Line(f"report: {page}", Tone.TITLE)]
    return Outcome(document, blocks, report.exit_code)
