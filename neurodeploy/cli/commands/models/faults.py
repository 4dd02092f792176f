"""`neurodeploy faults`: how much of each fault a model bears."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import ModelSource, command
from neurodeploy.cli.outcome import BLANK, Line, Outcome, Table, Tone
from neurodeploy.cli.output import Streams

if TYPE_CHECKING:
    from snncore.faults import FaultSweep

Samples = Annotated[
    Path,
    typer.Option(metavar="FILE", help="An .npz with `samples` (T, N, ...) and `labels`; or .npy."),
]
Seeds = Annotated[int, typer.Option(metavar="N", min=1, help="Draws of each fault.")]


@command
def faults(output: Streams, source: ModelSource, samples: Samples, seeds: Seeds = 3) -> Outcome:
    """Measure a float model's accuracy under noise, mismatch, stuck synapses and lost spikes."""
    from neurodeploy.flow.sweeping.faulty import faulty

    reading = {"build": source.build, "dt": source.dt, "profile": source.profile}
    with output.progress():
        measured = faulty(source.model, samples, seeds, reading)
    return Outcome(json.loads(measured.to_json()), _blocks(measured), 0)


def _blocks(measured: FaultSweep) -> list[Any]:
    headings = ("fault", "strength", "accuracy", "deviation")
    rows = [
        (kind, f"{strength:g}", f"{fmean(values):.2%}", f"{pstdev(values):.2%}")
        for kind, strengths in measured.accuracies.items()
        for strength, values in strengths.items()
    ]
    borne = ", ".join(f"{kind} {measured.bears(kind):g}" for kind in measured.accuracies)
    lines = [
        Line(f"without faults {measured.healthy:.2%}", Tone.ASIDE),
        Line(f"loses 1 % at most up to: {borne}", Tone.ASIDE),
    ]
    return [Table(headings, rows, frozenset(headings[1:])), BLANK, *lines]
