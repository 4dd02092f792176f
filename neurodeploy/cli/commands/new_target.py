"""`neurodeploy new-target`: a package for a target of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurodeploy.cli.command import command
from neurodeploy.cli.outcome import BLANK, Line, Outcome
from neurodeploy.cli.output import Streams

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the target and package.")]
Folder = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="The new folder; NAME unless given."),
]


@command
def new_target(output: Streams, name: Name, folder: Folder = None) -> Outcome:
    """Write a package for a target of your own, with its tests."""
    from neurodeploy.testing.new_target import write_package

    del output
    path = Path(name) if folder is None else folder
    files = write_package(name, path)
    following = [
        f"pip install -e '{path}[test]'",
        f"python -m pytest --pyargs neurodeploy.testing --target {name}",
    ]
    lines = [Line(f"wrote {path / each}") for each in files]
    return Outcome(
        {"name": name, "folder": str(path), "files": list(files), "next": following},
        (*lines, BLANK, *(Line(f"next: {each}") for each in following)),
    )
