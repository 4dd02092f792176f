"""`neurodeploy convert`: a foreign network as a model of ours."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import (
    Build,
    Profile,
    ReadingChoices,
    Samples,
    Seconds,
    command,
    reading_choices,
)
from neurodeploy.cli.outcome import Block, Line, Outcome, Table, Tone, title
from neurodeploy.cli.output import Streams
from neurodeploy.cli.undisturbed import load_torch
from neurodeploy.cli.views import conversion as view

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neurodeploy.flow.foreign import Carried
    from neurodeploy.frontend.foreign.report import Conversion

    Progress = Callable[[str], None]


@dataclass(frozen=True)
class ReadingOptions:
    """How a file is read that does not say everything itself."""

    dt: Seconds = None
    profile: Profile = None
    option: ReadingChoices = None


@dataclass(frozen=True)
class ModuleOptions:
    """A module of yours that is converted with a file of weights."""

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


@dataclass(frozen=True)
class Destination:
    """The model that is written, and the chip that it goes on to, fitted with samples."""

    model: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="MODEL",
            help="The model to write; <source>.pt by default, or <source>-converted.pt.",
        ),
    ] = None
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
    destination: Destination,
) -> Outcome:
    """Convert a file to a model, which trains further and exports to the same integers.

    A NIR file of another framework becomes a model in floats, whose spikes are that framework's;
    so does a module of another framework that a function of yours builds (--build). With --target
    it goes on to a verified artifact.
    """
    from neurodeploy.flow.conversion import conversion_of

    written = destination.model or _default(source)
    if module.build is not None:
        return _module(output, source, module, destination, written)
    if module != ModuleOptions():
        raise typer.TyperException("--map, --yes and --keep need --build")
    if destination.target is not None and destination.samples is None:
        raise typer.TyperException("--target needs --samples, which the network is fitted with")
    options = reading_choices(reading.option or [])
    _require_target(destination.target)
    samples, labels = _samples(destination)
    with output.progress() as say:
        say(f"reading {source}")
        load_torch()
        conversion = conversion_of(source, dt=reading.dt, profile=reading.profile, **options)
        from neurodeploy.flow.foreign import require_inputs
        from neurodeploy.frontend import save

        require_inputs(conversion.network, samples, labels)
        say(f"writing {written}")
        save(conversion.network, written)
        carried = _carried(conversion.network, destination, written, samples, labels, say)
    parameters = conversion.network.named_parameters()
    weights = sum(p.numel() for name, p in parameters if name.endswith("weight"))
    document = {"source": str(source), "model": str(written), "weights": weights}
    sentence = f"converted {source} to {written}: {weights:,} weights"
    if not conversion.became:
        exact = Line(f"{sentence}, equal in every integer", Tone.GOOD)
        return view.with_artifact(document, [exact], {}, carried)
    blocks = _blocks(sentence, conversion)
    return view.with_artifact(document | conversion.as_data(), blocks, _of_file(carried), carried)


def _of_file(carried: Carried | None) -> dict[str, float]:
    """Return the accuracy of a file's own network, which is the one in floats."""
    accuracies = {} if carried is None else carried.accuracies
    return {"source": accuracies["float"]} if "float" in accuracies else {}


def _default(source: Path) -> Path:
    """Return a model file in this folder, named after the source and never the source itself."""
    model = Path(f"{source.stem}.pt")
    return Path(f"{source.stem}-converted.pt") if model.resolve() == source.resolve() else model


def _require_target(name: str | None) -> None:
    """Check that a target of this name is installed, if one is named."""
    if name is not None:
        from neurodeploy.target import target

        target(name)


def _samples(destination: Destination) -> tuple[Any, Any]:
    """Return the samples and the labels that a network is fitted with, if a target is named."""
    from neurodeploy.data.samples_file import read_samples

    if destination.target is None or destination.samples is None:
        return None, None
    return read_samples(destination.samples)


def _carried(
    network: Any,
    destination: Destination,
    written: Path,
    samples: NDArray[Any] | None,
    labels: NDArray[Any] | None,
    say: Progress,
) -> Carried | None:
    """Return the artifact of a network, if a target is named."""
    if destination.target is None or samples is None:
        return None
    from neurodeploy.flow.foreign import carried

    folder = destination.folder or Path(f"{written.stem}-{destination.target}")
    where: dict[str, Any] = {"target": destination.target, "folder": folder}
    return carried(network, samples=samples, labels=labels, progress=say, **where)


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


def _module(
    output: Streams, source: Path, options: ModuleOptions, destination: Destination, written: Path
) -> Outcome:
    """Convert a module with its weights, and carry it on to a target if one is named."""
    from neurodeploy.data.samples_file import read_samples
    from neurodeploy.flow.foreign import (
        ModuleSource,
        converted_module,
        require_inputs,
        source_accuracies,
    )

    _require_target(destination.target)
    samples = labels = None
    if destination.samples is not None:
        # The samples are as the module takes them, which may be batch first.
        samples, labels = read_samples(destination.samples, any_order=True)
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

        example = conversion.example.numpy()
        require_inputs(conversion.network, example, labels)
        accuracies = source_accuracies(conversion, labels)
        say(f"writing {written}")
        save(conversion.network, written, example=conversion.example)
        artifact = _carried(conversion.network, destination, written, example, labels, say)
    return view.outcome(conversion, matching, written, accuracies, artifact)
