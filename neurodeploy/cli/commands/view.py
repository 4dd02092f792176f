"""`neurodeploy view`: the report on an artifact, in the browser."""

from __future__ import annotations

import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy.cli.command import ArtifactPlace, Samples, SimulatorName, command
from neurodeploy.cli.outcome import Line, Outcome
from neurodeploy.cli.output import Streams
from neurodeploy.cli.places import read_samples, require_simulator
from neurodeploy.cli.undisturbed import load_torch
from neurodeploy.cli.views import report as report_view

ReportPlace = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="The report's folder; <artifact>-report by default."),
]
WithBrowser = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Open the page, or only write it.")
]


@dataclass(frozen=True)
class PageOptions:
    """The folder of the page, and whether a browser opens it."""

    report: ReportPlace = None
    browser: WithBrowser = True


@command
def view(
    output: Streams,
    artifact: ArtifactPlace,
    page: PageOptions,
    samples: Samples = None,
    simulator: SimulatorName = None,
) -> Outcome:
    """Verify an artifact, and open the report in the browser."""
    from neurodeploy.flow import pipeline
    from neurodeploy.target import open_artifact

    folder = _beside(artifact) if page.report is None else page.report
    report_view.require_places(folder, None)
    opened = open_artifact(artifact)
    require_simulator(opened.target, simulator)
    inputs, labels = read_samples(samples)
    how: dict[str, Any] = {"samples": inputs, "labels": labels, "simulator": simulator}
    with output.progress() as say:
        say(f"reading {artifact}")
        load_torch()
        result = pipeline.verified(opened, progress=say, **how)
        places = report_view.write(result, folder, None)
    report_view.warn_of_silence(result, output)
    path = Path(places["report"]).resolve()
    shown = page.browser and _open(path.as_uri())
    document = report_view.as_data(result) | {"files": places, "opened": shown}
    words = f"opened {path}" if shown else f"report: {path}"
    return Outcome(document, [Line(words)], result.exit_code)


def _beside(artifact: Path) -> Path:
    """Return the folder of the report beside an artifact's folder or file."""
    whole = artifact.resolve()
    return whole.with_name(f"{whole.stem if whole.is_file() else whole.name}-report")


def _open(address: str) -> bool:
    """Open an address in a browser with windows; return False where there is none."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    # A browser in the terminal would take it until it is left.
    if type(browser) is webbrowser.GenericBrowser:
        return False
    return browser.open(address)
