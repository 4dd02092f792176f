"""`neurodeploy convert`: a foreign network as a model of ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import Profile, Seconds, command
from neurodeploy.cli.outcome import Block, Line, Outcome, Table, Tone, title
from neurodeploy.cli.output import Streams
from neurodeploy.cli.undisturbed import load_torch

if TYPE_CHECKING:
    from neurodeploy.frontend.foreign.report import Conversion

Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="What a NIR file leaves open: reset=hard or soft, neurons=exact or zoo.",
    ),
]


@dataclass(frozen=True)
class ReadingOptions:
    """How a file is read that does not say everything itself."""

    dt: Seconds = None
    profile: Profile = None
    option: Options = None


@command
def convert(
    output: Streams,
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A vendor's file, a NIR file, or an artifact.")
    ],
    reading: ReadingOptions,
    model: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="MODEL", help="The model to write; <source>.pt by default."
        ),
    ] = None,
) -> Outcome:
    """Convert a file to a model, which trains further and exports to the same integers.

    A NIR file of another framework becomes a model in floats, whose spikes are that framework's.
    """
    from neurodeploy.flow.conversion import conversion_of

    written = Path(f"{source.stem}.pt") if model is None else model
    options = _options(reading.option or [])
    with output.progress() as say:
        say(f"reading {source}")
        load_torch()
        conversion = conversion_of(source, dt=reading.dt, profile=reading.profile, **options)
        from neurodeploy.frontend import save

        say(f"writing {written}")
        save(conversion.network, written)
    parameters = conversion.network.named_parameters()
    weights = sum(p.numel() for name, p in parameters if name.endswith("weight"))
    document = {"source": str(source), "model": str(written), "weights": weights}
    sentence = f"converted {source} to {written}: {weights:,} weights"
    if not conversion.became:
        return Outcome(document, (Line(f"{sentence}, equal in every integer", Tone.GOOD),))
    return Outcome(document | conversion.as_data(), _blocks(sentence, conversion))


def _blocks(sentence: str, conversion: Conversion) -> list[Block]:
    rows = [(b.source, b.source_kind, b.layer, b.kind) for b in conversion.became]
    return [
        Line(f"{sentence}, in floats", Tone.GOOD),
        Table(("node", "kind", "layer", "became"), rows),
        *(title("left out") if conversion.left_out else ()),
        *(Line(words, Tone.DOUBTFUL) for words in conversion.left_out),
        *title("how it was read"),
        *(Line(words) for words in conversion.notes),
    ]


def _options(words: list[str]) -> dict[str, Any]:
    """Return the options by name.

    Raises:
        TyperException: if one is not NAME=VALUE.
    """
    pairs = [each.partition("=") for each in words]
    for name, sign, _ in pairs:
        if not sign or not name or name in ("dt", "profile"):
            raise typer.TyperException(f"--option {name!r}: give it as NAME=VALUE")
    return {name: value for name, _, value in pairs}
