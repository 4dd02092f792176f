"""`neurodeploy prove`: every layer's step, for every state."""

from __future__ import annotations

from typing import Annotated

import typer

from neurodeploy.cli.command import ArtifactPlace, command
from neurodeploy.cli.outcome import Outcome
from neurodeploy.cli.output import Streams
from neurodeploy.cli.views import proofs as proofs_view

Timeout = Annotated[
    float, typer.Option(metavar="S", help="The seconds that a solver has for each question.")
]
Solver = Annotated[str, typer.Option(metavar="NAME", help="The solver: bitwuzla or z3.")]


@command
def prove(
    output: Streams, artifact: ArtifactPlace, timeout: Timeout = 30.0, solver: Solver = "bitwuzla"
) -> Outcome:
    """Prove that the files compute the program's steps, for every state and every drive."""
    from neurodeploy.flow.proving import proved

    if not timeout > 0:
        raise typer.BadParameter(f"{timeout:g} seconds are no time", param_hint="--timeout")
    with output.progress() as say:
        say(f"reading {artifact}")
        proofs = proved(artifact, timeout=timeout, solver=solver, progress=say)
    return Outcome(proofs.to_json(), proofs_view.as_blocks(proofs), proofs_view.exit_code(proofs))
