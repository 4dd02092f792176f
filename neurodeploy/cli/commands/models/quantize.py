"""`neurodeploy quantize`: puts a float model on a chip's grid, fitted to samples."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import ModelSource, Samples, TargetName, command
from neurodeploy.cli.outcome import BLANK, Line, Outcome, Table, Tone
from neurodeploy.cli.output import Streams
from neurodeploy.cli.places import read_samples, require_shape
from neurodeploy.cli.views import findings as findings_view

if TYPE_CHECKING:
    from neurodeploy.flow.post_training import Quantized

ModelFile = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="MODEL", help="The model to write; <model>-<target>.pt."
    ),
]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="The grid to use, such as int2 to int16."),
]


@dataclass(frozen=True)
class GridOptions:
    """The file of the quantized model, and the grid that it is put on."""

    file: ModelFile = None
    form: Format = None


@command
def quantize(
    output: Streams,
    source: ModelSource,
    target: TargetName,
    writing: GridOptions,
    samples: Samples = None,
) -> Outcome:
    """Quantize a trained float model for a target, without training it again."""
    from neurodeploy.errors import SamplesError
    from neurodeploy.flow.lowered import next_command
    from neurodeploy.target import target as find

    find(target)
    model, form = source.model, writing.form
    if samples is None:
        message = "the samples are missing that the network is fitted to"
        raise SamplesError(message, remedy=next_command(model, target))
    written = Path(f"{model.stem}-{target}.pt") if writing.file is None else writing.file
    inputs, labels = read_samples(samples)
    if inputs is None or inputs.dtype.kind not in "biuf":
        raise SamplesError(f"{samples}: holds no numbers")
    with output.progress() as say:
        say(f"reading {model}")
        network = source.load(neurons="zoo")
        require_shape(network, inputs)
        from neurodeploy.flow.post_training import quantized

        result = quantized(
            network, target=target, samples=inputs, labels=labels, form=form, progress=say
        )
        say(f"writing {written}")
        result.save(written)
    for silence in result.silences:
        output.warn(silence.sentence())
    following = shlex.join(["neurodeploy", "export", str(written), "--target", target])
    return Outcome(
        _document(result, written, target, following), _blocks(result, written, following)
    )


def _document(result: Quantized, written: Path, target: str, following: str) -> dict[str, Any]:
    layers = [
        {
            "name": layer.name,
            "exponents": list(layer.exponents),
            "clipped": layer.clipped,
            "error": layer.error,
            "float_rate": layer.float_rate,
            "rate": layer.rate,
            "deviations": list(layer.deviations),
        }
        for layer in result.calibration.layers
    ]
    return {
        "model": str(written),
        "target": target,
        "format": result.form,
        "program_sha256": result.program.sha256,
        "layers": layers,
        "silent": [silence.layer for silence in result.silences],
        "findings": findings_view.as_data(result.findings),
        "accuracies": result.accuracies,
        "next": following,
    }


def _blocks(result: Quantized, written: Path, following: str) -> list[Any]:
    headings = ("layer", "unit", "clipped", "error", "rate in floats", "rate", "deviations")
    rows = [
        (
            layer.name,
            _unit(layer.exponents),
            f"{layer.clipped:.2%}",
            f"{layer.error:.2%}",
            f"{layer.float_rate:.4f}",
            f"{layer.rate:.4f}",
            "; ".join(layer.deviations) or "none",
        )
        for layer in result.calibration.layers
    ]
    numbers = frozenset({"clipped", "error", "rate in floats", "rate"})
    scores = [f"accuracy of the {name} model {value:.2%}" for name, value in _scores(result)]
    return [
        *findings_view.as_lines(result.findings),
        Line(f"quantized {written} ({result.form})", Tone.GOOD),
        Table(headings, rows, numbers),
        BLANK,
        *(Line(score) for score in scores),
        Line(f"next: {following}"),
    ]


def _scores(result: Quantized) -> list[tuple[str, float]]:
    return list(result.accuracies.items())


def _unit(exponents: tuple[int, int]) -> str:
    low, high = exponents
    return f"2^{low}" if low == high else f"2^{low} to 2^{high}"
