"""`neurodeploy conformance`: the duties of a target, for every program of the kit."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from neurodeploy.cli.command import command
from neurodeploy.cli.outcome import BLANK, Block, Line, Outcome, Table, Tone
from neurodeploy.cli.output import Streams
from neurodeploy.cli.shell.sharing import WorkOptions

if TYPE_CHECKING:
    from neurodeploy.testing.shared.conformance import Row

Name = Annotated[str, typer.Argument(metavar="TARGET", help="The target's name.")]


@command
def conformance(output: Streams, name: Name, work: WorkOptions) -> Outcome:
    """Run every program of the conformance kit through a target and its simulators."""
    from neurodeploy.testing.shared.conformance import conformed

    with output.progress() as say:
        rows = conformed(name, work.tasks(say))
    taken = [row for row in rows if row.refused is None]
    failed = any(row.problems for row in rows) or not taken
    document = {"target": name, "taken": len(taken), "programs": [asdict(row) for row in rows]}
    return Outcome(document, _blocks(name, rows), 1 if failed else 0)


def _blocks(name: str, rows: list[Row]) -> list[Block]:
    """Return the table of programs, and what is wrong."""
    cells = [
        (
            row.program,
            "refused" if row.refused else "taken",
            row.refused or ", ".join(f"{each}: {word}" for each, word in row.simulators.items()),
        )
        for row in rows
    ]
    wrong = [
        Line(f"{row.program}: {problem}", Tone.BAD) for row in rows for problem in row.problems
    ]
    taken = sum(row.refused is None for row in rows)
    table = Table(("program", "", "simulators, or the reason"), cells)
    return [table, BLANK, *wrong, Line(f"{name} takes {taken} of {len(rows)} programs")]
