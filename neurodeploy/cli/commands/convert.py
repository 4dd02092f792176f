"""`neurodeploy convert`: a foreign network as a model of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurodeploy.cli.command import command
from neurodeploy.cli.outcome import Line, Outcome, Tone
from neurodeploy.cli.output import Streams
from neurodeploy.cli.undisturbed import load_torch


@command
def convert(
    output: Streams,
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A vendor's file, or an artifact.")
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="MODEL", help="The model to write; <source>.pt by default."
        ),
    ] = None,
) -> Outcome:
    """Convert a vendor's file to a model, which trains further and exports to the same integers."""
    from neurodeploy.flow.conversion import converted

    written = Path(f"{source.stem}.pt") if model is None else model
    with output.progress() as say:
        say(f"reading {source}")
        load_torch()
        network = converted(source)
        from neurodeploy.frontend import save

        say(f"writing {written}")
        save(network, written)
    weights = sum(p.numel() for name, p in network.named_parameters() if name.endswith("weight"))
    document = {"source": str(source), "model": str(written), "weights": weights}
    sentence = f"converted {source} to {written}: {weights:,} weights, equal in every integer"
    return Outcome(document, (Line(sentence, Tone.GOOD),))
