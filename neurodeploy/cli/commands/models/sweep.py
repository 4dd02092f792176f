"""`neurodeploy sweep`: a model on several targets at several widths of its weights."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import ModelSource, command
from neurodeploy.cli.outcome import BLANK, Line, Outcome, Table, Tone
from neurodeploy.cli.output import Streams
from neurodeploy.cli.shell.sharing import WorkOptions

if TYPE_CHECKING:
    from neurodeploy.flow.sweeping.sweep import Point

Targets = Annotated[
    str, typer.Option(metavar="T,...", help="The targets' names, with commas between them.")
]
Bits = Annotated[
    str, typer.Option(metavar="LO..HI", help="The widths of weights, such as 2..8, or one width.")
]
Samples = Annotated[
    Path,
    typer.Option(metavar="FILE", help="An .npz with `samples` (T, N, ...) and `labels`; or .npy."),
]
_RANGE = re.compile(r"(\d{1,2})(?:\.\.(\d{1,2}))?")


@dataclass(frozen=True)
class GridOptions:
    """The targets, and the widths of their weights."""

    targets: Targets
    bits: Bits


@command
def sweep(
    output: Streams,
    source: ModelSource,
    grid: GridOptions,
    samples: Samples,
    work: WorkOptions,
) -> Outcome:
    """Quantize a float model for targets and widths, and show what each costs and gives."""
    from neurodeploy.flow.sweeping.sweep import swept

    names = [name for name in grid.targets.split(",") if name]
    low, high = _range(grid.bits)
    reading = {"build": source.build, "dt": source.dt, "profile": source.profile}
    with output.progress() as say:
        widths = range(low, high + 1)
        points = swept(source.model, samples, names, widths, work.tasks(say), reading)
    document = {"points": [asdict(each) for each in points]}
    return Outcome(document, _blocks(points), 0 if any(p.error is None for p in points) else 3)


def _range(text: str) -> tuple[int, int]:
    """Return the lowest and the highest width.

    Raises:
        BadParameter: if the text is not LO..HI.
    """
    parts = _RANGE.fullmatch(text)
    low, high = (int(part or parts[1]) for part in parts.groups()) if parts else (1, 0)
    if not 2 <= low <= high <= 16:
        words = f"{text!r} is not LO..HI from 2 to 16, such as 2..8"
        raise typer.BadParameter(words, param_hint="--bits")
    return low, high


def _blocks(points: list[Point]) -> list[Any]:
    headings = ("target", "bits", "accuracy", "in floats", "weights", "operations", "")
    rows = [
        (
            each.target,
            str(each.bits),
            f"{each.accuracy:.2%}",
            f"{each.float_accuracy:.2%}",
            f"{each.bytes:,} B",
            f"{each.operations:,.0f}",
            "front" if each.on_front else "",
        )
        for each in points
        if each.error is None
    ]
    refused = [
        Line(f"{each.target}, {each.bits} bits: {each.error}", Tone.DOUBTFUL)
        for each in points
        if each.error is not None
    ]
    table = Table(headings, rows, frozenset(headings[1:6]))
    words = "front: no other point is at least as good in accuracy, size and operations"
    return [table, BLANK, *refused, Line(words, Tone.ASIDE)]
