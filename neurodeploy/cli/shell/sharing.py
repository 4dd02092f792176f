"""The options of commands that deal their work to workers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neurodeploy.flow.sharing.tasks import Tasks

Jobs = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="The number of processes; one a core.")
]
Kept = Annotated[
    Path | None,
    typer.Option(
        "--keep", metavar="DIR", help="Keep every result there, and go on from those it has."
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Work on a Ray cluster; `local` starts one on this machine."
    ),
]


@dataclass(frozen=True)
class WorkOptions:
    """The number of processes, the folder of results, and the machines."""

    jobs: Jobs = None
    kept: Kept = None
    cluster: Cluster = None

    def tasks(self, say: Callable[[str], None]) -> Tasks:
        """Return the workers, who say how far they are."""
        from neurodeploy.flow.sharing.tasks import Tasks

        jobs = os.cpu_count() or 1 if self.jobs is None else self.jobs
        return Tasks(jobs, self.kept, say, self.cluster)
