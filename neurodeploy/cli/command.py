"""The way a function becomes a command: its arguments are parsed now, and it runs later."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from neurodeploy.cli.outcome import Outcome
from neurodeploy.cli.output import Output

# A command with its arguments; it still needs the output to print to.
Command = Callable[[Output], Outcome]
P = ParamSpec("P")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A file that neurodeploy.save wrote.")]
ArtifactPlace = Annotated[
    Path,
    typer.Argument(metavar="ARTIFACT", help="An exported folder, or a vendor's bare file."),
]
Build = Annotated[
    str | None,
    typer.Option(
        metavar="PACKAGE.MODULE:FUNCTION",
        help="Your function that builds the architecture, for a file of weights alone.",
    ),
]
Samples = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="An .npz with `samples` (T, N, ...), or an .npy."),
]
SimulatorName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The simulator to run instead of the defaults; all; or none."
    ),
]


def command(function: Callable[Concatenate[Output, P], Outcome]) -> Callable[..., Command]:
    """Return a function for typer that takes the arguments and returns the command, not yet run.

    So we, not typer, handle a Ctrl-C or an error while the command runs.
    """
    signature = inspect.signature(function, eval_str=True)
    _, *own = signature.parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter("json", keyword, default=False, annotation=Json),
        inspect.Parameter("debug", keyword, default=False, annotation=Debug),
    ]

    @wraps(function)
    def parsed(*, json: bool, debug: bool, **arguments: Any) -> Command:
        # Both were read before parsing, so that parsing errors respect them too.
        del json, debug
        return partial(function, **arguments)

    parsed.__dict__["__signature__"] = signature.replace(
        parameters=[*own, *shared], return_annotation=Command
    )
    return parsed
