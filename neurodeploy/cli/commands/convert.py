"""`neurodeploy convert`: a foreign network as a model of ours."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import Build, Profile, Samples, Seconds, command
from neurodeploy.cli.outcome import Block, Line, Outcome, Table, Tone, title
from neurodeploy.cli.output import Streams
from neurodeploy.cli.undisturbed import load_torch
from neurodeploy.cli.views import conversion as view

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


@dataclass(frozen=True)
class ModuleOptions:
    """A module of yours that is converted with a file of weights, and the chip that it goes to."""

    build: Build = None
    names: Annotated[
        Path | None,
        typer.Option("--map", metavar="FILE", help="A JSON file: names in the weights to yours."),
    ] = None
    confirmed: Annotated[
        bool, typer.Option("--yes", help="Names that differ are matched by shape and order.")
    ] = False
    keep: Annotated[
        int, typer.Option(metavar="N", help="Which of several values that it returns is kept.")
    ] = 0
    samples: Samples = None
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", metavar="T", help="Also fit it to a target, export and verify it."
        ),
    ] = None
    folder: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Folder of --target; <model>-<target>."),
    ] = None


@command
def convert(
    output: Streams,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A vendor's file, a NIR file, an artifact, or with --build weights.",
        ),
    ],
    reading: ReadingOptions,
    module: ModuleOptions,
    model: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="MODEL", help="The model to write; <source>.pt by default."
        ),
    ] = None,
) -> Outcome:
    """Convert a file to a model, which trains further and exports to the same integers.

    A NIR file of another framework becomes a model in floats, whose spikes are that framework's;
    so does a module of another framework that a function of yours builds (--build).
    """
    from neurodeploy.flow.conversion import conversion_of

    written = Path(f"{source.stem}.pt") if model is None else model
    if module.build is not None:
        return _module(output, source, module, written)
    if module != ModuleOptions():
        raise typer.TyperException(
            "--map, --yes, --keep, --samples, --target and --to need --build"
        )
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


def _module(output: Streams, source: Path, options: ModuleOptions, written: Path) -> Outcome:
    """Convert a module with its weights, and carry it on to a target if one is named."""
    from neurodeploy.data.samples_file import read_samples
    from neurodeploy.flow.foreign import ModuleSource, carried, converted_module, source_accuracies

    samples = labels = None
    if options.samples is not None:
        # The samples are as the module takes them, which may be batch first.
        samples, labels = read_samples(options.samples, any_order=True)
    with output.progress() as say:
        say(f"building {options.build}")
        load_torch()
        sys.path.insert(0, str(Path.cwd()))
        origin = ModuleSource(
            options.build or "", source, options.names, options.confirmed, options.keep
        )
        conversion, matching = converted_module(origin, samples)
        if not view.is_equal(conversion):
            return view.outcome(conversion, matching, None, {}, None)
        from neurodeploy.frontend import save

        say(f"writing {written}")
        save(conversion.network, written, example=conversion.example)
        accuracies, artifact = source_accuracies(conversion, labels), None
        if options.target is not None:
            folder = options.folder or Path(f"{written.stem}-{options.target}")
            artifact = carried(
                conversion.network,
                target=options.target,
                samples=conversion.example.numpy(),
                labels=labels,
                folder=folder,
                progress=say,
            )
            accuracies |= artifact.accuracies
    return view.outcome(conversion, matching, written, accuracies, artifact)


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
